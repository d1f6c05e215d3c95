"""A second connection holds the writer lock: reads go on, writes are 503 wherever they are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import DatabaseError, OperationalError, connection
from django.http import HttpRequest
from django.test import Client

from llamadash import perf
from llamadash.busy import is_busy
from tests.factories import make_model

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff() -> Client:
    """As a browser: an exception is the answer it was made into."""
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("mira"))
    return client


@pytest.fixture
def locked(staff: Client) -> Iterator[None]:
    if connection.vendor != "sqlite":
        pytest.skip("SQLite has one writer at a time")
    make_model(pk=1)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=20")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()
    connection.close()  # the next one gets the usual timeout


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize("path", ["/models/", "/models/1/", "/settings/", "/api/models/"])
def test_reading_goes_on(staff: Client, path: str) -> None:
    assert staff.get(path).status_code == 200


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_page_that_cannot_write_says_to_try_again(staff: Client, headers: dict[str, str]) -> None:
    answer = staff.post("/models/favourites/", {"favourite": "1:1"}, headers=headers)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "may not be saved" in answer.content.decode()


@pytest.mark.usefixtures("locked")
def test_the_api_says_so_in_its_own_form(staff: Client) -> None:
    answer = staff.patch("/api/models/1/", {"favourite": True}, content_type="application/json")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json()["error"]["code"] == "busy"


@pytest.mark.usefixtures("locked")
def test_a_session_that_cannot_be_saved_is_503(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def touch(request: HttpRequest) -> dict[str, object]:
        request.session["touched"] = True
        return {}

    monkeypatch.setattr("llamadash.context.Shell.node", property(lambda s: touch(s._request)))
    answer = staff.get("/models/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("path", ["/models/", "/api/models/"])
def test_a_user_that_cannot_be_read_is_503(
    staff: Client, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("gone") from sqlite3.OperationalError("database is locked")

    monkeypatch.setattr("django.contrib.auth.middleware.get_user", fail)
    assert staff.get(path).status_code == 503


def test_a_session_that_is_gone_is_not_a_busy_database(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(self: object) -> str:
        Session.objects.all().delete()
        self._request.session["touched"] = True  # type: ignore[attr-defined]
        return ""

    monkeypatch.setattr("llamadash.context.Shell.node", property(lose))
    assert staff.get("/models/").status_code == 400


class FromPostgreSQL(Exception):
    __module__ = "psycopg.errors"

    def __init__(self, sqlstate: str | None) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("cause", "busy"),
    [
        (sqlite3.OperationalError("database or disk is full"), True),
        (sqlite3.OperationalError("database table is locked: x"), True),
        (sqlite3.OperationalError("no such table: x"), False),
        (FromPostgreSQL("55P03"), True),  # lock timeout
        (FromPostgreSQL("57P01"), True),  # shut down by its administrator
        (FromPostgreSQL(None), True),  # no answer at all
        (FromPostgreSQL("42P01"), False),  # no such table
        (ValueError("no"), False),
    ],
)
def test_what_may_pass_is_told_from_what_will_not(cause: Exception, busy: bool) -> None:
    error = OperationalError("x")
    error.__cause__ = cause
    assert is_busy(error) is busy


def test_an_error_of_ours_is_no_busy_database() -> None:
    assert not is_busy(DatabaseError("Forced update did not affect any rows."))
    assert not is_busy(KeyError("locked"))


def test_an_answer_of_5xx_counts_as_an_error_by_its_exception(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("models_app.pages.views.room", fail)
    assert staff.get("/models/").status_code == 500
    found = next(each for each in perf.monitor.summaries() if each.name == "http.models_app.list")
    assert (found.errors, found.last_error) == (1, "KeyError")
