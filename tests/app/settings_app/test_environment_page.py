from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from settings_app.environment import VARIABLES

PAGE = "/settings/environment/"
SOURCE = Path(settings.BASE_DIR) / "llamadash/settings.py"


def test_every_variable_that_is_read_is_listed() -> None:
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', SOURCE.read_text()))
    assert read == {variable.name for variable in VARIABLES}


def test_what_is_set_is_told_from_what_is_not(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMADASH_NODE", "forge")
    html = admin_client.get(PAGE).content.decode()
    assert ">env</td>" in row(html, "LLAMADASH_NODE")
    assert '<span class="mut">default</span>' in row(html, "LLAMA_SERVER_BIN")


def row(html: str, name: str) -> str:
    _, _, after = html.partition(f"<code>{name}</code>")
    return after.partition("</tr>")[0]


@pytest.mark.parametrize("set_here", [True, False])
def test_the_secret_key_is_never_shown(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, set_here: bool
) -> None:
    monkeypatch.setenv("LLAMADASH_SECRET_KEY", settings.SECRET_KEY if set_here else "")
    html = admin_client.get(PAGE).content.decode()
    assert settings.SECRET_KEY not in html
    assert ("set, not shown" in html) == set_here


def test_the_password_of_the_database_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    database: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "llamadash",
        "HOST": "db.example",
        "USER": "mira",
        "PASSWORD": "hush hush",
    }
    variable = next(each for each in VARIABLES if each.name == "DATABASE_URL")
    monkeypatch.setitem(settings.DATABASES, "default", database)
    assert variable.text == "PostgreSQL, llamadash on db.example"
