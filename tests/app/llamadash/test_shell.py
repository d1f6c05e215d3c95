from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from agent_app.models import AgentHeartbeat
from llamadash.context import memory_line
from metrics_app.devices import Device
from tests.factories import make_model

PAGE = "/settings/scanning/"
GIB = 1 << 30


def heartbeat(seconds_ago: float) -> None:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    AgentHeartbeat.objects.create(
        node=settings.NODE, pid=4711, version="1", started_at=at, seen_at=at
    )


def test_a_viewer_is_not_offered_what_only_staff_may_open(
    client: Client, django_user_model: type[User]
) -> None:
    client.force_login(django_user_model.objects.create_user("vi"))
    html = client.get(PAGE).content.decode()
    assert 'href="/settings/"' in html
    assert 'href="/system/"' not in html and 'href="/admin/"' not in html


def test_staff_see_system_and_admin(admin_client: Client) -> None:
    html = admin_client.get(PAGE).content.decode()
    assert 'href="/system/"' in html and 'href="/admin/"' in html


def test_the_current_page_is_marked_once(admin_client: Client) -> None:
    html = admin_client.get("/system/").content.decode()
    side = html[html.index('<nav id="side"') : html.index("</nav>")]
    assert side.count("aria-current") == 1
    assert '<a href="/system/" aria-current="page"' in side


def test_models_that_can_be_used_are_counted(admin_client: Client) -> None:
    make_model(name="a")
    make_model(name="b", state="missing")
    make_model(name="c", hidden=True)
    html = admin_client.get(PAGE).content.decode()
    assert 'Models<span id="note-m">1</span>' in html


def test_a_page_has_one_h1_and_a_skip_link(admin_client: Client) -> None:
    html = admin_client.get(PAGE).content.decode()
    assert html.count("<h1") == 1
    assert '<a class="skip" href="#main">' in html


@pytest.mark.parametrize(
    ("cookie", "attribute"),
    [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ("auto", ""), ("<x>", "")],
)
def test_the_server_draws_the_theme_of_the_cookie(
    admin_client: Client, cookie: str, attribute: str
) -> None:
    admin_client.cookies["theme"] = cookie
    html = admin_client.get(PAGE).content.decode()
    assert html.startswith(f'<!doctype html>\n<html lang="en"{attribute}>')


def test_the_theme_form_leads_back_to_its_page(admin_client: Client) -> None:
    answer = admin_client.post("/theme/", {"theme": "dark", "next": PAGE})
    assert answer.status_code == 302 and answer["Location"] == PAGE
    assert admin_client.cookies["theme"].value == "dark"


def test_the_theme_form_leads_to_no_other_site(admin_client: Client) -> None:
    answer = admin_client.post("/theme/", {"theme": "dark", "next": "https://example.org/"})
    assert answer["Location"] == "/"


def test_a_missing_agent_is_told(admin_client: Client) -> None:
    assert b"No agent runs here" in admin_client.get(PAGE).content


@pytest.mark.django_db
def test_a_silent_agent_is_told(admin_client: Client) -> None:
    heartbeat(60)
    assert b"The agent (process 4711) is silent" in admin_client.get(PAGE).content


def test_a_living_agent_is_not_spoken_of(admin_client: Client) -> None:
    heartbeat(1)
    assert b" agent" not in admin_client.get(PAGE).content


def test_memory_is_drawn_to_scale() -> None:
    device = Device("ram", "ram", "System memory", 16 * GIB, 12 * GIB, 4 * GIB)
    line = memory_line(device, "RAM")
    assert (line.used, line.total, line.percent) == ("4.0", "16.0", "25.0")


def test_a_device_that_does_not_tell_its_use_has_no_bar() -> None:
    line = memory_line(Device("g", "gpu", "Radeon", 16 * GIB, None, None), "GPU 0")
    assert (line.used, line.total, line.percent) == ("-", "16.0", None)
    assert "not known" in line.title


def test_a_hostile_user_name_is_text(client: Client, django_user_model: type[User]) -> None:
    user = django_user_model(username="<script>alert(1)</script>")
    user.save()
    client.force_login(user)
    assert b"<script>alert" not in client.get(PAGE).content
