from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from models_app.models import ScanRun
from tests.factories import make_model, make_root

pytestmark = pytest.mark.django_db
POLL = "/dashboard/first-scan/"


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(User.objects.create_user("viewer"))
    return client


def first_steps(client: Client) -> str:
    html = client.get("/").content.decode()
    found = html.split('aria-labelledby="h-first"')[1].split("</section>")[0]
    assert found.count("btn pri") <= 1
    return found


def test_without_a_folder_staff_are_led_to_the_setup(admin_client: Client) -> None:
    assert admin_client.get("/")["Location"] == "/setup/folder/"


def test_who_skipped_the_setup_is_offered_it(admin_client: Client) -> None:
    admin_client.post("/setup/skip/")
    assert '<a class="btn pri" href="/setup/folder/">' in first_steps(admin_client)


def test_a_viewer_is_told_who_can_add_a_folder(viewer: Client) -> None:
    found = first_steps(viewer)
    assert "An administrator can add one" in found and "btn" not in found


def test_a_folder_without_models_is_looked_at(admin_client: Client) -> None:
    make_root()
    ScanRun.objects.create(state="done")
    assert "No model was found" in first_steps(admin_client)


@pytest.mark.parametrize(
    ("state", "words"),
    [("", "has not run yet"), ("running", "is running"), ("queued", "has not run yet")],
)
def test_before_a_scan_has_ended_nothing_is_said_of_its_result(
    admin_client: Client, state: str, words: str
) -> None:
    make_root()
    if state:
        ScanRun.objects.create(state=state)
    for found in (first_steps(admin_client), admin_client.get(POLL).content.decode()):
        assert words in found and "No model was found" not in found


def test_the_page_looks_again_until_the_first_scan_has_ended(admin_client: Client) -> None:
    make_root()
    assert f'hx-get="{POLL}"' in admin_client.get("/").content.decode()
    assert "HX-Refresh" not in admin_client.get(POLL).headers
    ScanRun.objects.create(state="done")
    assert f'hx-get="{POLL}"' not in admin_client.get("/").content.decode()
    assert admin_client.get(POLL).headers["HX-Refresh"] == "true"


def test_models_that_all_have_problems_lead_to_them(admin_client: Client) -> None:
    make_model(state="invalid")
    found = first_steps(admin_client)
    assert "1 with a problem was found" in found
    assert 'href="/models/problems/"' in found


def test_hidden_models_are_not_forgotten(admin_client: Client) -> None:
    make_model(hidden=True)
    assert 'href="/models/?hidden=1"' in first_steps(admin_client)


def test_with_models_there_are_no_first_steps(admin_client: Client) -> None:
    make_model()
    assert "h-first" not in admin_client.get("/").content.decode()
