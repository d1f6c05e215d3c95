from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from agent_app import setup_link

pytestmark = pytest.mark.django_db
PASSWORD = "a long and rare one 7"
ACCOUNT = {"username": "mira", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture
def arrived(client: Client) -> Client:
    """A browser that opened the right link."""
    client.get("/setup/", {"token": setup_link.issue()})
    return client


def test_the_link_opens_the_form_and_leaves_the_address(client: Client) -> None:
    answer = client.get("/setup/", {"token": setup_link.issue()})
    assert answer["Location"] == "/setup/"
    assert b"Make the first account" in client.get("/setup/").content


def test_without_the_link_nobody_gets_the_form(client: Client) -> None:
    setup_link.issue()
    answer = client.get("/setup/")
    assert answer.status_code == 403
    assert b"The setup link is needed" in answer.content
    assert client.post("/setup/", ACCOUNT).status_code == 403
    assert not User.objects.exists()


def test_a_wrong_link_says_how_to_get_a_new_one(client: Client) -> None:
    setup_link.issue()
    answer = client.get("/setup/", {"token": "wrong"})
    assert answer.status_code == 403
    assert b"stop llamadash there" in answer.content
    assert b"Try again" not in answer.content  # it would lead here


def test_the_session_keeps_a_mark_and_not_the_token(client: Client) -> None:
    token = setup_link.issue()
    client.get("/setup/", {"token": token})
    assert token not in str(dict(client.session))
    assert dict(client.session)


def test_wrong_links_opened_by_others_do_not_use_the_right_one_up(client: Client) -> None:
    token = setup_link.issue()
    for _ in range(10):
        Client().get("/setup/", {"token": "wrong"})
    assert client.get("/setup/", {"token": token})["Location"] == "/setup/"


def test_the_account_may_do_everything_and_is_logged_in(arrived: Client) -> None:
    answer = arrived.post("/setup/", ACCOUNT)
    assert answer["Location"] == "/setup/folder/"
    user = User.objects.get()
    assert user.is_superuser and user.is_staff and user.check_password(PASSWORD)
    assert arrived.get("/system/").status_code == 200


def test_a_weak_password_is_told_at_its_field(arrived: Client) -> None:
    answer = arrived.post("/setup/", ACCOUNT | {"password1": "12345678", "password2": "12345678"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "too common" in html and "entirely numeric" in html
    assert 'aria-invalid="true"' in html and "12345678" not in html
    assert not User.objects.exists()


def test_two_different_passwords_are_told(arrived: Client) -> None:
    answer = arrived.post("/setup/", ACCOUNT | {"password2": "another long one 8"})
    assert answer.status_code == 422 and b"match" in answer.content


def test_a_mistake_does_not_use_the_link_up(arrived: Client) -> None:
    arrived.post("/setup/", ACCOUNT | {"password2": "x"})
    assert arrived.post("/setup/", ACCOUNT).status_code == 302


def test_a_link_that_expired_under_the_form_makes_no_account(arrived: Client) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        answer = arrived.post("/setup/", ACCOUNT)
    assert answer.status_code == 403
    assert not User.objects.exists()


def test_two_browsers_with_the_link_make_one_account(client: Client) -> None:
    token = setup_link.issue()
    other = Client()
    client.get("/setup/", {"token": token})
    other.get("/setup/", {"token": token})
    client.post("/setup/", ACCOUNT)
    assert other.post("/setup/", ACCOUNT | {"username": "eve"})["Location"] == "/accounts/login/"
    assert [user.username for user in User.objects.all()] == ["mira"]


def test_once_there_is_an_admin_the_step_is_over(client: Client, admin_user: User) -> None:
    assert client.get("/setup/", {"token": "any"})["Location"] == "/accounts/login/"
    client.force_login(admin_user)
    assert client.get("/setup/")["Location"] == "/setup/folder/"


def test_the_page_is_kept_by_no_cache(arrived: Client) -> None:
    assert "no-store" in arrived.get("/setup/")["Cache-Control"]
