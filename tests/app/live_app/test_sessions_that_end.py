from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import OperationalError, connections
from django.test import Client
from django.utils import timezone

from live_app import sessions
from live_app.client import Visitor
from live_app.closing import Closing
from live_app.hub import Hub
from live_app.limits import Limits
from tests.fakes.asgi_socket import Connected

pytestmark = pytest.mark.django_db(transaction=True)
CHECKING = Limits(check_seconds=0.01, pulse_seconds=0.01)


@pytest.fixture(autouse=True)
def _the_thread_of_sockets_leaves_no_connection() -> Iterator[None]:
    yield
    sessions._thread.submit(connections.close_all).result()


def login(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def logged_out(user: User, key: str) -> None:
    import_module(settings.SESSION_ENGINE).SessionStore(key).flush()


def expired(user: User, key: str) -> None:
    Session.objects.filter(session_key=key).update(expire_date=timezone.now())


def disabled(user: User, key: str) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def deleted(user: User, key: str) -> None:
    user.delete()


def password_changed(user: User, key: str) -> None:
    user.set_password("another long one 7")
    user.save()


def staff_no_more(user: User, key: str) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=False)


@pytest.mark.parametrize(
    ("change", "closing"),
    [
        (logged_out, Closing.SESSION_ENDED),
        (expired, Closing.SESSION_ENDED),
        (disabled, Closing.SESSION_ENDED),
        (deleted, Closing.SESSION_ENDED),
        (password_changed, Closing.SESSION_ENDED),
        (staff_no_more, Closing.RIGHTS_CHANGED),
    ],
)
async def test_the_socket_goes_with_the_session(
    admin_user: User, change: Callable[[User, str], None], closing: Closing
) -> None:
    key = await sync_to_async(login)(admin_user)
    other = await sync_to_async(User.objects.create_user)("other")
    others_key = await sync_to_async(login)(other)
    hub = Hub(CHECKING)
    stays = Connected(hub, user_id=other.pk, session=others_key)
    goes = Connected(hub, user_id=admin_user.pk, session=key, is_staff=True)
    async with stays, goes:
        await sync_to_async(change)(admin_user, key)
        async with asyncio.timeout(20):
            assert await goes.ended is closing
        assert not stays.ended.done()


def test_sessions_are_looked_up_in_batches(
    admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "BATCH", 2)
    keys = [login(admin_user) for _ in range(5)]
    found = sessions._standing([*keys, "unknown"])
    assert found == {key: Visitor(key, admin_user.pk, True) for key in keys}


async def test_a_busy_database_ends_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*args: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(sessions, "_standing", busy)
    assert await sessions.standing({"any"}) is None
