from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from models_app.models import ModelRoot, ScanRun
from tests.factories import make_root

pytestmark = pytest.mark.django_db
FOLDER = "/setup/folder/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    (folder / "deep").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    (folder / "a.gguf").write_bytes(b"x" * 3072)
    (folder / "deep" / "b.GGUF").write_bytes(b"x" * 1024)
    (folder / "notes.txt").write_text("not listed")
    return folder


def test_a_folder_is_added_and_its_scan_asked_for(admin_client: Client, models: Path) -> None:
    answer = admin_client.post(FOLDER, {"path": str(models)})
    assert answer["Location"] == "/setup/scan/"
    root = ModelRoot.objects.get()
    assert (root.path, root.source) == (str(models), "user")
    run = ScanRun.objects.get()
    assert (run.state, run.trigger, list(run.roots.all())) == ("queued", "user", [root])


def test_what_is_found_is_told_before_anything_is_added(admin_client: Client, models: Path) -> None:
    html = admin_client.get(FOLDER, {"path": str(models)}, headers=HTMX).content.decode()
    assert "found 2 .gguf files, 4.0 KiB" in html
    assert "<html" not in html
    assert not ModelRoot.objects.exists()


def test_a_folder_that_is_none_is_refused_at_its_field(admin_client: Client) -> None:
    answer = admin_client.post(FOLDER, {"path": "/no/such/<folder>"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "/no/such/&lt;folder&gt; does not exist" in html
    assert 'aria-invalid="true"' in html
    assert not ModelRoot.objects.exists()


def test_an_empty_path_is_asked_for(admin_client: Client) -> None:
    answer = admin_client.post(FOLDER, {"path": " "})
    assert answer.status_code == 422
    assert b"Give the path of a folder on this machine." in answer.content


def test_the_browser_lists_folders_and_no_files(admin_client: Client, models: Path) -> None:
    html = admin_client.get(FOLDER, {"look": str(models)}, headers=HTMX).content.decode()
    assert ">deep/</a>" in html
    assert "notes.txt" not in html and "a.gguf" not in html and ".hidden" not in html


def test_a_folder_that_cannot_be_opened_is_told(admin_client: Client, models: Path) -> None:
    html = admin_client.get(FOLDER, {"look": str(models / "a.gguf")}).content.decode()
    assert "This folder cannot be opened: Not a directory." in html


def test_odd_names_survive_the_links(admin_client: Client, models: Path) -> None:
    (models / "a&b #1 <x>").mkdir()
    html = admin_client.get(FOLDER, {"look": str(models)}).content.decode()
    assert "a&amp;b #1 &lt;x&gt;/</a>" in html
    assert "a%26b%20%231%20%3Cx%3E" in html


def test_known_folders_are_told(admin_client: Client) -> None:
    make_root("/srv/models")
    html = admin_client.get(FOLDER).content.decode()
    assert "1 folder is known already" in html and "<code>/srv/models</code>" in html


def test_skipping_leads_to_the_models_and_home_is_the_dashboard(admin_client: Client) -> None:
    assert admin_client.get("/")["Location"] == FOLDER
    assert admin_client.post("/setup/skip/")["Location"] == "/models/"
    assert b"<h1>Dashboard</h1>" in admin_client.get("/").content


def test_with_a_folder_home_is_the_dashboard(admin_client: Client) -> None:
    make_root("/srv/models")
    assert b"<h1>Dashboard</h1>" in admin_client.get("/").content


def test_a_viewer_may_not_look_around(client: Client, models: Path) -> None:
    client.force_login(User.objects.create_user("vi"))
    assert client.get(FOLDER, {"look": str(models)}).status_code == 403
    assert client.post(FOLDER, {"path": str(models)}).status_code == 403
    assert b"<h1>Dashboard</h1>" in client.get("/").content


def test_nobody_looks_around_without_a_login(client: Client, models: Path) -> None:
    assert client.get(FOLDER, {"look": str(models)})["Location"].startswith("/accounts/login/")
