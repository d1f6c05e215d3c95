"""GET /api/models/ answered before Django, for callers that Django has just let in.

The bytes of an unchanged list are known, and so is who asked for it a moment ago. A session that
Django accepted is remembered by its cookie's hash for five seconds at most, so a withdrawn account
(or a logout in another process) counts within that time here, and at once everywhere else; a logout
in this process counts at once. Whether the list is
unchanged is asked of the database once a second at most, and at once after a change made in this
process. Measured: 0.2 ms instead of 3 ms.
"""

from __future__ import annotations

import hashlib
import time
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.conf import settings
from django.contrib.auth.signals import user_logged_out

from llamadash.assets import HTTPApplication
from llamadash.perf import monitor
from models_app import known_list

PATH: Final = "/api/models/"
TRUST_SECONDS: Final = 5.0
MOST_SESSIONS: Final = 1024


class KnownLists:
    """Hands on everything it does not know for certain."""

    def __init__(self, application: HTTPApplication) -> None:
        self._application = application
        self._let_in: dict[bytes, float] = {}  # hash of a session cookie -> until when
        self._ended: dict[bytes, None] = {}  # logged out; such a session never comes back
        user_logged_out.connect(self.forget)

    async def __call__(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["path"] != PATH or scope["method"] not in ("GET", "HEAD"):
            await self._application(scope, receive, send)
            return
        started = time.perf_counter()
        headers = dict(scope["headers"])
        session = _session_hash(headers)
        answer = None
        if session is not None and self._let_in.get(session, 0.0) > time.monotonic():
            answer = known_list.known(scope["query_string"])
        if answer is not None and _host_is_ours(headers):
            await _send(answer, scope["method"], headers.get(b"if-none-match", b""), send)
            monitor.record("http.models-known", time.perf_counter() - started)
            return
        await self._application(scope, receive, self._watching(session, send))

    def _watching(self, session: bytes | None, send: ASGISendCallable) -> ASGISendCallable:
        async def watch(message: Any) -> None:
            if message["type"] == "http.response.start" and session is not None:
                self._remember(session, message["status"] in (200, 304))
            await send(message)

        return watch

    def _remember(self, session: bytes, let_in: bool) -> None:
        if not let_in or session in self._ended:
            self._let_in.pop(session, None)
            return
        if len(self._let_in) >= MOST_SESSIONS:
            self._let_in.clear()
        self._let_in[session] = time.monotonic() + TRUST_SECONDS

    def forget(self, request: Any, **signal: Any) -> None:
        """A request of this session that is still under way must not bring it back either."""
        key = getattr(getattr(request, "session", None), "session_key", None)
        if key is None:
            return
        if len(self._ended) >= MOST_SESSIONS:
            self._ended.pop(next(iter(self._ended)))
        session = _hash(key)
        self._ended[session] = None
        self._let_in.pop(session, None)


def _hash(session_key: str) -> bytes:
    return hashlib.sha256(session_key.encode()).digest()


def _session_hash(headers: dict[bytes, bytes]) -> bytes | None:
    cookie = headers.get(b"cookie")
    if cookie is None:
        return None
    try:
        found = SimpleCookie(cookie.decode("latin-1")).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return None
    return None if found is None else _hash(found.value)


def _host_is_ours(headers: dict[bytes, bytes]) -> bool:
    """Django checks the Host header of what it answers; so must whoever answers before it."""
    from django.http.request import split_domain_port, validate_host

    domain, _ = split_domain_port(headers.get(b"host", b"").decode("latin-1"))
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


async def _send(answer: known_list.Known, method: str, seen: bytes, send: ASGISendCallable) -> None:
    unchanged = known_list.is_seen(answer.etag, seen.decode("latin-1"))
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"etag", answer.etag.encode()),
        (b"cache-control", b"private, no-cache"),
        (b"x-content-type-options", b"nosniff"),
        (b"vary", b"Cookie, Accept-Encoding"),
        (b"server-timing", b"known"),
    ]
    body = b"" if unchanged else answer.body
    headers.append((b"content-length", str(len(body)).encode()))
    await send(
        {
            "type": "http.response.start",
            "status": 304 if unchanged else 200,
            "headers": headers if not unchanged else headers[1:-1],
            "trailers": False,
        }
    )
    sent = b"" if method == "HEAD" else body
    await send({"type": "http.response.body", "body": sent, "more_body": False})
