from __future__ import annotations

import logging

import pytest
from django.contrib.auth.models import User
from django.test import Client

from models_app.options import SCAN_INTERVAL, SCAN_ON_START, SETTLE_SECONDS
from settings_app.diagnostics import LOG_LEVELS
from settings_app.models import Setting

pytestmark = pytest.mark.django_db
SCANNING = "/settings/scanning/"
HTMX = {"HX-Request": "true"}
VALID = {
    "scan.interval_minutes": "30",
    "scan.on_start": "1",
    "scan.workers": "4",
    "scan.settle_seconds": "2",
    "scan.stall_seconds": "30",
}


def test_the_first_tab_opens_and_every_option_tells_its_default(admin_client: Client) -> None:
    html = admin_client.get("/settings/").content.decode()
    assert "<h1>Settings</h1>" in html
    for words in ("Scan every", "Default 60 minutes", "Scan on start", "Default on"):
        assert words in html


def test_a_section_is_saved_as_a_whole(admin_client: Client, admin_user: User) -> None:
    answer = admin_client.post(SCANNING, VALID)
    assert answer["Location"] == SCANNING
    assert SCAN_INTERVAL.get() == 30
    row = Setting.objects.get(key="scan.interval_minutes")
    assert row.updated_by == admin_user
    assert Setting.objects.count() == 1  # the others kept their defaults


def test_a_box_that_is_not_ticked_is_off(admin_client: Client) -> None:
    admin_client.post(SCANNING, {name: v for name, v in VALID.items() if name != "scan.on_start"})
    assert SCAN_ON_START.get() is False


def test_one_wrong_value_saves_nothing_and_is_told_at_its_field(admin_client: Client) -> None:
    answer = admin_client.post(SCANNING, VALID | {"scan.settle_seconds": "<b>601"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="o-scan-settle-seconds-err">Give a whole number from 0 to 600.<' in html
    assert 'value="&lt;b&gt;601"' in html and 'value="30"' in html
    assert SCAN_INTERVAL.get() == 60 and SETTLE_SECONDS.get() == 2


def test_htmx_gets_the_section_alone(admin_client: Client) -> None:
    html = admin_client.post(SCANNING, VALID | {"scan.workers": "x"}, headers=HTMX).content.decode()
    assert html.lstrip().startswith('<section class="sec form" id="section"')
    assert "<html" not in html and "Give a whole number" in html


def test_htmx_is_told_that_it_was_saved(admin_client: Client) -> None:
    answer = admin_client.post(SCANNING, VALID, headers=HTMX)
    assert answer.status_code == 200
    assert b'hx-swap-oob="true"><p class="toast success">Scanning: saved.</p>' in answer.content


def test_a_section_goes_back_to_its_defaults(admin_client: Client) -> None:
    SCAN_INTERVAL.set(5)
    admin_client.post(SCANNING, {"action": "defaults", "scan.interval_minutes": "nonsense"})
    assert SCAN_INTERVAL.get() == 60
    assert not Setting.objects.exists()


@pytest.mark.django_db(transaction=True)  # they are set once the change is committed
def test_levels_of_loggers_are_set_by_name(admin_client: Client) -> None:
    data = {
        "logger": ["models_app", "metrics_app", "urllib3.pool"],
        "level": ["DEBUG", "", "ERROR"],
        "perf.slow_milliseconds": "100",
    }
    assert admin_client.post("/settings/diagnostics/", data).status_code == 302
    assert LOG_LEVELS.get() == {"models_app": "DEBUG", "urllib3.pool": "ERROR"}
    assert logging.getLogger("urllib3.pool").level == logging.ERROR
    admin_client.post("/settings/diagnostics/", {"action": "defaults"})
    assert logging.getLogger("urllib3.pool").level == logging.NOTSET


def test_a_logger_that_was_named_is_listed_from_then_on(admin_client: Client) -> None:
    LOG_LEVELS.set({"my.logger": "ERROR"})
    html = admin_client.get("/settings/diagnostics/").content.decode()
    assert 'name="logger" value="my.logger"' in html
    LOG_LEVELS.set({})


def test_a_name_that_is_no_logger_is_refused(admin_client: Client) -> None:
    data = {"logger": ["a b"], "level": ["DEBUG"], "perf.slow_milliseconds": "100"}
    answer = admin_client.post("/settings/diagnostics/", data)
    assert answer.status_code == 422
    assert b"is not a logger" in answer.content


def test_settings_that_are_none_are_not_found(admin_client: Client) -> None:
    assert admin_client.get("/settings/nonsense/").status_code == 404


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(User.objects.create_user("vi"))
    return client


def test_a_viewer_sees_settings_but_no_button_to_save(viewer: Client) -> None:
    html = viewer.get(SCANNING).content.decode()
    assert "only accounts with the staff status" in html
    assert ">Save<" not in html and html.count(" disabled") >= 5


def test_a_viewer_changes_nothing(viewer: Client) -> None:
    assert viewer.post(SCANNING, VALID).status_code == 403
    assert SCAN_INTERVAL.get() == 60


def test_a_viewer_does_not_see_the_environment(viewer: Client) -> None:
    assert viewer.get("/settings/environment/").status_code == 403


def test_nobody_is_let_in_without_a_login(client: Client) -> None:
    assert client.get("/settings/")["Location"].startswith("/accounts/login/")
    assert client.post(SCANNING, VALID)["Location"].startswith("/accounts/login/")
    assert SCAN_INTERVAL.get() == 60
