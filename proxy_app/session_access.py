"""The pages of this site may ask without a key: whoever is logged in speaks through them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import parse_cookie

# What Django's own middleware compares tokens with; it has no public name.
from django.middleware.csrf import (  # type: ignore[attr-defined]
    InvalidTokenFormat,
    _check_token_format,
    _does_token_match,
)

from live_app.origin import is_same_origin
from live_app.sessions import standing
from proxy_app.core.errors import GatewayError
from proxy_app.fresh import Fresh
from proxy_app.holders import Holder
from proxy_app.models import MAX_NAME
from proxy_app.rows import rows

# A form cannot send it, and a page of another site only where it was allowed to, which none is.
TOKEN: Final = b"x-csrftoken"
FRESH_SECONDS: Final = 3.0  # so long a login may speak that has ended meanwhile
MOST_KNOWN: Final = 256
_SESSION: Final = re.compile(r"[a-z0-9]{8,40}", re.ASCII)
_VIEWER: Final = frozenset({"infer", "read"})
_STAFF: Final = _VIEWER | {"operate"}

Headers = Mapping[bytes, bytes]


def speaks_for_a_login(headers: Headers) -> bool:
    return TOKEN in headers


class Sessions:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._known: dict[str, Fresh[Holder | None]] = {}

    async def of(self, scope: Any, headers: Headers) -> Holder:
        """Raises GatewayError 401, 403 or 503."""
        _check_site(scope, headers)
        cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin-1"))
        _check_token(headers[TOKEN], cookies.get(settings.CSRF_COOKIE_NAME, ""))
        key = cookies.get(settings.SESSION_COOKIE_NAME, "")
        holder = await self._holder(key) if _SESSION.fullmatch(key) else None
        if holder is None:
            raise GatewayError(401, "not_logged_in", "Your login has ended. Log in again.")
        return holder

    async def _holder(self, key: str) -> Holder | None:
        known = self._known.get(key)
        if known is None:
            self._make_room()
            known = self._known[key] = Fresh(partial(_holder_of, key), None)
        return await known.within(FRESH_SECONDS)

    def _make_room(self) -> None:
        """Made-up cookies may cost questions, but no memory."""
        if len(self._known) < MOST_KNOWN:
            return
        old = [key for key, known in self._known.items() if known.is_older(FRESH_SECONDS)]
        for key in old or list(self._known)[: MOST_KNOWN // 2]:
            del self._known[key]


def _check_site(scope: Any, headers: Headers) -> None:
    # Browsers say the second of these only where the connection is one that can be trusted.
    fetched = headers.get(b"sec-fetch-site", b"same-origin")
    if fetched != b"same-origin" or not is_same_origin(scope):
        raise GatewayError(403, "other_site", "Pages of other sites may not ask without a key.")


def _check_token(given: bytes, secret: str) -> None:
    token = given.decode("latin-1")
    try:
        _check_token_format(token)
        _check_token_format(secret)
        is_right = _does_token_match(token, secret)
    except InvalidTokenFormat:
        is_right = False
    if not is_right:
        message = "This page is older than your login. Load it again."
        raise GatewayError(403, "wrong_token", message)


async def _holder_of(key: str) -> Holder | None:
    """None: the session has ended, or whoever it belonged to may not log in any more."""
    visitors = await standing([key])
    if visitors is None:
        raise GatewayError(503, "busy", "The database is busy; try again.", 1)
    visitor = visitors.get(key)
    if visitor is None:
        return None
    name = await rows(_name, visitor.user_id)
    scopes = _STAFF if visitor.is_staff else _VIEWER
    return Holder(None, name=name[:MAX_NAME], scopes=scopes, user_id=visitor.user_id)


def _name(user_id: int) -> str:
    user = get_user_model().objects.filter(pk=user_id).first()
    return "" if user is None else user.get_username()
