"""The answer that ends the polling of a scan brings all figures around the list."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from models_app.models import ScanRun
from tests.factories import make_model, make_root

pytestmark = pytest.mark.django_db


@pytest.fixture
def registry() -> None:
    for name in ("a", "b", "c"):
        make_model(name, files=False, architecture="qwen3" if name == "c" else "llama")
    make_model("broken", files=False, state="invalid")
    ScanRun.objects.create(state="done", n_added=1, ended_at=timezone.now())


def answer(client: Client, address: str) -> tuple[str, dict[str, str]]:
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{address}"}
    response = client.get("/models/scan/bar/", headers=headers)
    return response.content.decode(), dict(response.headers)


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("address", "tab", "sub"),
    [
        ("/models/", "Models 3</a>", "3 models"),
        ("/models/problems/", "Problems 1</a>", "1 with a problem"),
        ("/models/folders/", "Folders 1</a>", "1 folder"),
    ],
)
def test_tabs_head_and_side_bar_come_along(
    admin_client: Client, address: str, tab: str, sub: str
) -> None:
    html, headers = answer(admin_client, address)
    assert headers["HX-Trigger"] == "registry-changed"
    assert '<span id="note-m" hx-swap-oob="true">3</span>' in html
    assert f'aria-current="page">{tab}' in html
    assert f'<p class="sub" id="sub" hx-swap-oob="true">{sub}' in html


@pytest.mark.usefixtures("registry")
def test_the_choices_come_along_and_keep_what_is_chosen(admin_client: Client) -> None:
    html, _ = answer(admin_client, "/models/?arch=qwen3")
    assert '<div id="facets" class="facets" hx-swap-oob="true">' in html
    assert '<option value="llama">llama (2)</option>' in html
    assert '<option value="qwen3" selected>qwen3 (1)</option>' in html


@pytest.mark.usefixtures("registry")
def test_elsewhere_no_figure_is_sent_that_has_no_place(admin_client: Client) -> None:
    html, _ = answer(admin_client, "/settings/")
    assert "note-m" not in html and "facets" not in html


def test_a_page_that_was_empty_is_read_anew(admin_client: Client) -> None:
    """It has no filters yet that could be given their counts."""
    make_model("first", files=False)
    ScanRun.objects.create(state="done", n_added=1, ended_at=timezone.now())
    _, headers = answer(admin_client, "/models/")
    assert headers["HX-Refresh"] == "true"


def test_while_it_goes_on_nothing_else_is_sent(admin_client: Client) -> None:
    make_root()
    ScanRun.objects.create(state="running")
    html, headers = answer(admin_client, "/models/")
    assert "note-m" not in html and "HX-Trigger" not in headers


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("address", "start"),
    [("/models/problems/", '<section class="gap" id="problems"'),
     ("/models/folders/", '<section class="gap" id="folders"')],
)  # fmt: skip
def test_the_lists_beside_can_be_read_anew(admin_client: Client, address: str, start: str) -> None:
    response = admin_client.get(address, headers={"HX-Request": "true"})
    assert response.content.decode().startswith(start)
