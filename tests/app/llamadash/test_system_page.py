from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client

from llamadash import perf
from llamadash.system.report import without_folders
from models_app.models import ScanRun
from tests.factories import make_model, make_root

pytestmark = pytest.mark.django_db


def names(html: str) -> list[str]:
    table = html[html.index('<table class="ops">') :]
    parts = table.split('<th scope="row" class="mono any">')[1:]
    return [part[: part.index("<")] for part in parts]


def record() -> None:
    for name, seconds in (("b.slow", 0.5), ("a.often", 0.01), ("a.often", 0.02)):
        perf.monitor.record(name, seconds)
    perf.monitor.record("c.failed", 0.001, ValueError("no"))


def test_the_page_tells_versions_database_and_devices(admin_client: Client) -> None:
    html = admin_client.get("/system/").content.decode()
    for words in ("SQLite", "Free pages", "System memory", "It does not run", "Prometheus text"):
        assert words in html


def test_operations_come_costliest_first(admin_client: Client) -> None:
    record()
    html = admin_client.get("/system/").content.decode()
    assert names(html)[:2] == ["b.slow", "a.often"]
    assert 'aria-sort="descending"><button type="submit" name="sort" value="total">' in html


@pytest.mark.parametrize(
    ("sort", "first"), [("name", "a.often"), ("-errors", "c.failed"), ("-p50", "b.slow")]
)
def test_operations_are_sorted_by_the_address(admin_client: Client, sort: str, first: str) -> None:
    record()
    html = admin_client.get("/system/", {"sort": sort}).content.decode()
    assert names(html)[0] == first


def test_an_unknown_order_is_the_usual_one(admin_client: Client) -> None:
    record()
    html = admin_client.get("/system/", {"sort": "__class__"}).content.decode()
    assert names(html)[0] == "b.slow"


def test_the_last_scans_are_listed(admin_client: Client) -> None:
    ScanRun.objects.create(state="failed", n_files=12_345)
    html = admin_client.get("/system/").content.decode()
    assert "12,345" in html and '<use href="#fail"/>' in html


@pytest.mark.parametrize("address", ["/system/", "/system/diagnostics.json"])
def test_a_viewer_is_refused_and_told_why(client: Client, address: str) -> None:
    client.force_login(User.objects.create_user("vi"))
    answer = client.get(address)
    assert answer.status_code == 403
    assert b"staff status" in answer.content


def test_the_diagnostics_hold_no_model_no_user_and_no_secret(
    admin_client: Client, settings: object
) -> None:
    from django.conf import settings as here

    make_model(name="my-secret-finetune")
    answer = admin_client.get("/system/diagnostics.json")
    text = answer.content.decode()
    report = json.loads(text)
    assert answer["Content-Disposition"].startswith("attachment")
    assert report["models"] == [{"state": "ok", "kind": "chat", "parse_source": "header", "n": 1}]
    assert here.SECRET_KEY not in text
    assert "my-secret-finetune" not in text
    assert "admin" not in json.dumps(report["options"])


def test_the_home_folder_is_not_named() -> None:
    home = str(Path.home())
    report = {"path": f"{home}/models", "list": [home], "number": 1}
    cleaned = without_folders(report, {home: "~"})
    assert cleaned == {"path": "~/models", "list": ["~"], "number": 1}


def test_the_folders_of_models_are_numbered_wherever_they_are_named(
    admin_client: Client, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_root("/srv/secret-project")
    settings.MODELS_DIRS = [Path("/srv/secret-project"), Path("/srv/secret-other")]
    monkeypatch.setenv("LLAMADASH_MODELS_DIRS", "/srv/secret-project:/srv/secret-other")
    text = admin_client.get("/system/diagnostics.json").content.decode()
    assert "secret-" not in text
    assert "(model folder 1), (model folder 2)" in text
