from __future__ import annotations

import hashlib
import math

import pytest
from django.contrib.auth.models import User
from django.test import Client

from llamadash import asgi
from llamadash.known_lists import KnownLists

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


@pytest.fixture
def vi() -> User:
    return User.objects.create_user("vi", password="long and secret 1")


def test_a_page_asks_for_a_login_and_leads_back(client: Client, vi: User) -> None:
    asked = client.get("/settings/scanning/")
    assert asked["Location"] == f"{LOGIN}?next=/settings/scanning/"
    entered = {"username": "vi", "password": "long and secret 1", "next": "/settings/scanning/"}
    assert client.post(LOGIN, entered)["Location"] == "/settings/scanning/"


def test_a_login_leads_to_no_other_site(client: Client, vi: User) -> None:
    entered = {"username": "vi", "password": "long and secret 1", "next": "//example.org/"}
    assert client.post(LOGIN, entered)["Location"] == "/"


def test_a_wrong_password_is_told_beside_the_fields(client: Client, vi: User) -> None:
    answer = client.post(LOGIN, {"username": "vi", "password": "wrong"})
    html = answer.content.decode()
    assert 'role="alert"' in html and "correct username and password" in html
    assert 'value="vi"' in html and "wrong" not in html


def test_five_wrong_passwords_lock_the_name(client: Client, vi: User) -> None:
    for _ in range(5):
        answer = client.post(LOGIN, {"username": "vi", "password": "wrong"})
    assert answer.status_code == 429
    assert b"<h1>Too many tries</h1>" in answer.content
    right = client.post(LOGIN, {"username": "vi", "password": "long and secret 1"})
    assert right.status_code == 429


def test_the_login_page_offers_no_navigation(client: Client, vi: User) -> None:
    html = client.get(LOGIN).content.decode()
    assert 'id="side"' not in html and 'id="menu"' not in html


def test_without_any_account_the_login_leads_to_the_setup(client: Client) -> None:
    assert client.get(LOGIN)["Location"] == "/setup/"


def test_logging_out_takes_a_post(client: Client, vi: User) -> None:
    client.force_login(vi)
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/")["Location"] == LOGIN
    assert "Location" in client.get("/settings/scanning/")


def test_a_logout_reaches_the_lists_that_are_answered_before_django(
    client: Client, vi: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = KnownLists(asgi._http)
    monkeypatch.setattr(lists, "_let_in", let_in := {})
    client.force_login(vi)
    session = hashlib.sha256(str(client.session.session_key).encode()).digest()
    let_in[session] = math.inf
    client.post("/accounts/logout/")
    assert let_in == {}
