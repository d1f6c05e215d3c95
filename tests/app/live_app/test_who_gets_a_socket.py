from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError, connections
from django.test import Client
from pytest_django import Settings

from live_app import sessions
from live_app.closing import Closing
from live_app.consumers import LiveSocket
from live_app.hub import Hub
from live_app.limits import Limits
from tests.fakes.asgi_socket import AsgiSocket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _the_thread_of_sockets_leaves_no_connection() -> Iterator[None]:
    yield
    sessions._thread.submit(connections.close_all).result()


def login(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def session(admin_user: User) -> str:
    return login(admin_user)


HEADERS = {"host": "localhost:8000", "origin": "http://localhost:8000"}


def scope(session: str = "", **headers: str | None) -> dict[str, Any]:
    given = {**HEADERS, "cookie": f"{settings.SESSION_COOKIE_NAME}={session}", **headers}
    pairs = [(name.encode(), value.encode()) for name, value in given.items() if value is not None]
    extensions: dict[str, Any] = {"websocket.http.response": {}}
    return {"type": "websocket", "path": "/ws/", "headers": pairs, "extensions": extensions}


async def visit(scope: dict[str, Any], hub: Hub | None = None) -> AsgiSocket:
    """Comes, and goes at once when it is let in."""
    socket = AsgiSocket()
    socket.connect()
    socket.leave()
    await LiveSocket(hub or Hub())(scope, socket.receive, socket.send)
    return socket


async def test_who_is_logged_in_is_let_in(session: str) -> None:
    socket = await visit(scope(session))
    assert socket.accepted
    assert socket.close is None


@pytest.mark.parametrize("key", ["", "nonsense", "x" * 4000, "ä"])
async def test_who_is_not_logged_in_is_not(key: str, session: str) -> None:
    hub = Hub()
    socket = await visit(scope(key), hub)
    assert not socket.accepted
    assert socket.close is not None
    assert hub.figures().refused == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": None},
        {"origin": "null"},
        {"origin": "http://localhost"},
        {"origin": "http://localhost:8001"},
        {"origin": "https://localhost:8000"},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "http://evil.example"},
        {"origin": "http://localhost:8000.evil.example"},
        {"origin": "http://localhost:8000@evil.example"},
        {"origin": "http://localhost:8000/"},
        {"origin": "file://"},
        {"host": "evil.example:8000", "origin": "http://evil.example:8000"},
        {"host": ""},
        {"host": None},
    ],
)
async def test_pages_of_other_sites_are_refused(session: str, headers: dict[str, Any]) -> None:
    socket = await visit(scope(session, **headers))
    assert not socket.accepted


async def test_two_origins_are_none(session: str) -> None:
    asked = scope(session)
    asked["headers"].append((b"origin", HEADERS["origin"].encode()))
    assert not (await visit(asked)).accepted


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost", "http://localhost"),
        ("localhost:80", "http://localhost"),
        ("LocalHost:8000", "http://localhost:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
    ],
)
async def test_one_address_may_be_written_in_several_ways(
    session: str, host: str, origin: str
) -> None:
    assert (await visit(scope(session, host=host, origin=origin))).accepted


async def test_behind_tls_the_page_must_have_come_by_it(session: str, settings: Settings) -> None:
    settings.HTTPS = True
    settings.ALLOWED_HOSTS = ["box.example"]
    by_tls = scope(session, host="box.example", origin="https://box.example")
    assert (await visit(by_tls)).accepted
    without = scope(session, host="box.example", origin="http://box.example")
    assert not (await visit(without)).accepted


async def test_a_busy_database_is_no_refusal_for_good(
    session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*args: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", busy)
    hub = Hub()
    socket = await visit(scope(session), hub)
    assert socket.close is not None
    assert socket.close["code"] == 1013
    assert hub.figures().closed == {Closing.BUSY.reason: 1}


async def test_too_many_clients_are_turned_away(session: str) -> None:
    socket = await visit(scope(session), Hub(Limits(clients=0)))
    assert socket.close is not None
    assert socket.close["code"] == 1013


async def test_daphne_gets_codes_that_it_sends(session: str) -> None:
    socket = await visit(scope(session) | {"extensions": {}}, Hub(Limits(clients=0)))
    assert socket.close is not None
    assert socket.close["code"] == 4013
