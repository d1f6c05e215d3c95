"""Who is logged in asks the gateway through the pages of this site, and through no others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from live_app import sessions as live_sessions
from proxy_app import access, rows, session_access
from proxy_app.core.errors import GatewayError
from proxy_app.holders import Holder, Holders
from proxy_app.session_access import Sessions

pytestmark = pytest.mark.django_db(transaction=True)
SITE = {"host": "localhost:8000", "origin": "http://localhost:8000"}


@pytest.fixture(autouse=True)
def _threads_leave_no_connection() -> Iterator[None]:
    yield
    for thread in (live_sessions._thread, rows._thread, rows._writer):
        thread.submit(connections.close_all).result()


@dataclass
class Browser:
    client: Client
    token: str

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={morsel.value}" for name, morsel in self.client.cookies.items())


def browser_of(user: User) -> Browser:
    client = Client()
    client.force_login(user)
    return Browser(client, str(client.get("/monitoring/").context["csrf_token"]))


@pytest.fixture
def mira(admin_user: User) -> Browser:
    return browser_of(admin_user)


async def ask(
    browser: Browser, sessions: Sessions | None = None, **other: str | None
) -> Holder | str:
    """Who it is, or the word for why it is refused."""
    given = {**SITE, "cookie": browser.cookie, "x-csrftoken": browser.token}
    given |= {name.replace("_", "-"): value for name, value in other.items()}  # type: ignore[misc]
    pairs = [(name.encode(), value.encode()) for name, value in given.items() if value is not None]
    scope: dict[str, Any] = {"headers": pairs, "client": ("192.0.2.7", 1)}
    try:
        return await access.holder(scope, dict(pairs), Holders(), sessions or Sessions())
    except GatewayError as error:
        return error.code


async def test_an_administrator_may_also_operate(mira: Browser) -> None:
    holder = await ask(mira)
    assert isinstance(holder, Holder)
    assert (holder.name, holder.id) == ("admin", None)
    assert holder.scopes == {"infer", "read", "operate"}


async def test_a_viewer_may_ask_and_look(db: None) -> None:
    viewer = await asyncio.to_thread(User.objects.create_user, "viewer")
    browser = await asyncio.to_thread(browser_of, viewer)
    holder = await ask(browser)
    assert isinstance(holder, Holder)
    assert holder.scopes == {"infer", "read"}


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"origin": "http://evil.example"}, "other_site"),
        ({"origin": "http://localhost:8001"}, "other_site"),
        ({"origin": "null"}, "other_site"),
        ({"origin": None}, "other_site"),
        ({"sec_fetch_site": "cross-site"}, "other_site"),
        ({"sec_fetch_site": "same-site"}, "other_site"),
        ({"x_csrftoken": ""}, "wrong_token"),
        ({"x_csrftoken": "a" * 64}, "wrong_token"),
        ({"x_csrftoken": "\xe4"}, "wrong_token"),
        ({"x_csrftoken": None}, "missing_api_key"),  # as for every other stranger
        ({"cookie": ""}, "wrong_token"),
    ],
)
async def test_another_site_or_a_wrong_token_is_refused(
    mira: Browser, other: dict[str, str | None], code: str
) -> None:
    assert await ask(mira, None, **other) == code


@pytest.mark.parametrize("key", ["", "nonsense", "x" * 32, "../../etc", "y" * 5000])
async def test_a_token_without_a_login_is_nobody(mira: Browser, key: str) -> None:
    cookies = mira.client.cookies
    secret = f"{settings.CSRF_COOKIE_NAME}={cookies[settings.CSRF_COOKIE_NAME].value}"
    cookie = f"{secret}; {settings.SESSION_COOKIE_NAME}={key}"
    assert await ask(mira, cookie=cookie) == "not_logged_in"


async def test_a_logout_counts_once_what_is_known_is_old(
    mira: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert session_access.FRESH_SECONDS <= 5
    sessions, cookie = Sessions(), mira.cookie
    assert isinstance(await ask(mira, sessions), Holder)
    await asyncio.to_thread(mira.client.logout)
    assert isinstance(await ask(mira, sessions, cookie=cookie), Holder)
    monkeypatch.setattr(session_access, "FRESH_SECONDS", 0.0)
    assert await ask(mira, sessions, cookie=cookie) == "not_logged_in"


async def test_a_disabled_account_is_refused(mira: Browser, admin_user: User) -> None:
    def disable() -> None:
        User.objects.filter(pk=admin_user.pk).update(is_active=False)

    await asyncio.to_thread(disable)
    assert await ask(mira) == "not_logged_in"


async def test_made_up_sessions_fill_no_memory(
    mira: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_access, "MOST_KNOWN", 4)
    cookies, sessions = mira.client.cookies, Sessions()
    secret = f"{settings.CSRF_COOKIE_NAME}={cookies[settings.CSRF_COOKIE_NAME].value}"
    for number in range(12):
        cookie = f"{secret}; {settings.SESSION_COOKIE_NAME}={number:032d}"
        assert await ask(mira, sessions, cookie=cookie) == "not_logged_in"
    assert len(sessions._known) <= 4


async def test_two_people_stand_in_line_by_themselves(mira: Browser) -> None:
    viewer = await asyncio.to_thread(User.objects.create_user, "viewer")
    other = await asyncio.to_thread(browser_of, viewer)
    found = [await ask(mira), await ask(other)]
    keys = {holder.line_key for holder in found if isinstance(holder, Holder)}
    assert len(keys) == 2 and "" not in keys
