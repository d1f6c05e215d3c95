"""What /api/docs tells programs to do."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from tests.factories import make_model

pytestmark = pytest.mark.django_db
TOKEN = settings.CSRF_COOKIE_NAME


@pytest.mark.parametrize("https", [False, True])
def test_a_program_logs_in_and_changes_a_model(admin_user: object, https: bool) -> None:
    program = Client(enforce_csrf_checks=True)
    model = make_model()
    headers = {"Referer": "https://testserver/"} if https else {}
    program.get("/accounts/login/", secure=https)
    login = {
        "username": "admin",
        "password": "password",
        "csrfmiddlewaretoken": program.cookies[TOKEN].value,
    }
    answer = program.post("/accounts/login/", login, secure=https, headers=headers)
    assert answer.status_code == 302
    answer = program.patch(
        f"/api/models/{model.pk}/",
        {"favourite": True},
        content_type="application/json",
        secure=https,
        headers={**headers, "X-CSRFToken": program.cookies[TOKEN].value},
    )
    assert answer.status_code == 200


def test_without_the_token_nothing_is_changed(admin_user: object) -> None:
    program = Client(enforce_csrf_checks=True)
    program.force_login(admin_user)  # type: ignore[arg-type]
    answer = program.patch(f"/api/models/{make_model().pk}/", {}, content_type="application/json")
    assert answer.status_code == 403


def test_the_page_names_the_cookies_and_the_header_of_keys(admin_client: Client) -> None:
    html = admin_client.get("/api/docs").content.decode()
    assert TOKEN in html and settings.SESSION_COOKIE_NAME in html
    assert "Authorization: Bearer" in html


def test_a_refusal_is_one_sentence(client: Client) -> None:
    assert client.get("/api/models/").json()["error"]["message"] == "Log in first."


def test_a_wrong_field_is_named_as_callers_know_it(admin_client: Client) -> None:
    answer = admin_client.post("/api/scans/", {"bogus": 1}, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json()["error"]["detail"][0]["where"] == ["body", "bogus"]


def test_a_field_the_system_does_not_have_is_refused(admin_client: Client) -> None:
    answer = admin_client.get("/api/system/?nonsense=1")
    assert answer.status_code == 422
    assert answer.json()["error"]["detail"][0]["where"] == ["query", "nonsense"]
