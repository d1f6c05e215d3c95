from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from models_app.models import ModelRoot, ScanRun
from models_app.scan import scan_locks
from tests.factories import make_model, make_root

pytestmark = pytest.mark.django_db
SCAN = "/setup/scan/"
HTMX = {"HX-Request": "true"}
POLLS = 'hx-trigger="every 1s"'


@pytest.fixture(autouse=True)
def root() -> None:
    make_root("/srv/models")


def test_a_running_scan_is_followed(admin_client: Client) -> None:
    ScanRun.objects.create(
        state="running", n_to_read=40, n_read=7, current="/srv/<i>.gguf", started_at=timezone.now()
    )
    html = admin_client.get(SCAN, headers=HTMX).content.decode()
    assert html.startswith('<div id="progress"') and POLLS in html
    assert 'max="40" value="7"' in html and "7 of 40 files read" in html
    assert "/srv/&lt;i&gt;.gguf" in html


def test_an_ended_scan_is_asked_for_no_more(admin_client: Client) -> None:
    ScanRun.objects.create(state="done", n_added=1)
    make_model(name="Llama")
    html = admin_client.get(SCAN).content.decode()
    assert POLLS not in html
    assert "1 model found" in html and ">Llama<" in html and ">Next<" in html


def test_a_scan_that_waits_says_for_what(admin_client: Client) -> None:
    ScanRun.objects.create(state="queued")
    html = admin_client.get(SCAN).content.decode()
    assert "The scan waits for the agent" in html
    assert "No agent runs here" in html


def test_a_failed_scan_says_why(admin_client: Client) -> None:
    ScanRun.objects.create(state="failed", message="The disk is gone.")
    html = admin_client.get(SCAN).content.decode()
    assert "The scan was failed" not in html
    assert "The scan failed" in html and "The disk is gone." in html


def test_a_scan_is_cancelled(admin_client: Client) -> None:
    run = ScanRun.objects.create(state="running", started_at=timezone.now())
    root = ModelRoot.objects.get()
    run.roots.add(root)
    with scan_locks.hold([root]):  # somebody is at it: the run is not one that was left over
        admin_client.post(SCAN, {"action": "cancel"})
        run.refresh_from_db()
        assert run.cancel_requested
        assert b">Ending<" in admin_client.get(SCAN).content


def test_a_scan_is_asked_for_again(admin_client: Client) -> None:
    ScanRun.objects.create(state="cancelled")
    admin_client.post(SCAN, {"action": "scan"})
    assert ScanRun.objects.filter(state="queued").count() == 1
    admin_client.post(SCAN, {"action": "scan"})
    assert ScanRun.objects.filter(state="queued").count() == 1


def test_without_a_folder_there_is_nothing_to_follow(admin_client: Client) -> None:
    make_root("/srv/models", enabled=False)
    assert admin_client.get(SCAN)["Location"] == "/setup/folder/"


def test_the_last_step_says_what_is_there(admin_client: Client) -> None:
    make_model(name="a", size_bytes=3 << 30)
    make_model(name="b", size_bytes=1 << 30, state="invalid")
    html = admin_client.get("/setup/done/").content.decode()
    assert "2 models, 4.0 GiB" in html
    assert "1 file cannot be used" in html
    assert 'href="/models/"' in html


def test_a_viewer_may_not_scan(client: Client) -> None:
    client.force_login(User.objects.create_user("vi"))
    assert client.post(SCAN, {"action": "scan"}).status_code == 403
    assert client.get("/setup/done/").status_code == 200
