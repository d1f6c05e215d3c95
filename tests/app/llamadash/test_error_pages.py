from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory

from llamadash import views

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/settings/scanning/"}


def test_an_unknown_address_is_told_in_a_page(admin_client: Client) -> None:
    answer = admin_client.get("/nowhere/")
    assert answer.status_code == 404
    assert b"<h1>Not found</h1>" in answer.content


def test_the_api_gets_its_errors_as_json(admin_client: Client) -> None:
    answer = admin_client.get("/api/nowhere/")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_an_error_leaves_the_page_of_an_htmx_request_as_it_is(admin_client: Client) -> None:
    answer = admin_client.get("/nowhere/", headers=HTMX)
    assert answer.status_code == 404
    assert answer["HX-Reswap"] == "none"
    html = answer.content.decode()
    assert html.startswith('<div id="toasts" role="status" hx-swap-oob="true">')
    assert "<html" not in html


def test_a_refusal_says_which_permission_is_missing(
    client: Client, django_user_model: type[User]
) -> None:
    client.force_login(django_user_model.objects.create_user("vi"))
    answer = client.post("/settings/scanning/", {})
    assert answer.status_code == 403
    assert b"staff status may change settings" in answer.content


def test_a_refusal_without_words_gets_ours(rf: RequestFactory) -> None:
    request = rf.get("/x/")
    request.user = AnonymousUser()
    answer = views.forbidden(request, PermissionDenied())
    assert b"Your account may not do this" in answer.content


def test_the_error_page_comes_without_user_session_and_database(rf: RequestFactory) -> None:
    """A middleware may have refused before there was a user; without the mark for it, any query
    of a test fails."""
    answer = views.server_error(rf.get("/x/"))
    assert answer.status_code == 500
    assert b"<h1>Something failed</h1>" in answer.content


def test_a_session_that_ended_under_a_page_leads_to_the_login_and_back(
    client: Client, admin_user: object
) -> None:
    answer = client.get("/settings/scanning/", headers=HTMX, follow=True)
    assert answer["HX-Redirect"] == "/accounts/login/?next=%2Fsettings%2Fscanning%2F"
    assert answer.content == b""
