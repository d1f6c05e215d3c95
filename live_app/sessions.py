"""Who a session belongs to, and whether it still does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from itertools import islice
from typing import Any, Final

from asgiref.sync import ThreadSensitiveContext
from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.db import DatabaseError, InterfaceError
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from live_app.client import Visitor
from live_app.closing import Closing

BATCH: Final = 100

# One lasting thread for all that sockets ask the database: its connection is kept, and a thousand
# reconnects at once wait for each other instead of for requests.
_thread: Final = ThreadPoolExecutor(1, "live")


def in_live_thread() -> ThreadSensitiveContext:
    return ThreadSensitiveContext(executor=_thread)


async def who(scope: Any) -> Visitor | Closing | None:
    """None: nobody is logged in. Nothing of Channels' layers is kept while the socket is open."""
    found: list[Any] = []

    async def remember(scope: Any, receive: Any, send: Any) -> None:
        found.append(scope)

    try:
        async with in_live_thread():
            await AuthMiddlewareStack(remember)(scope, None, None)
    except (DatabaseError, InterfaceError):
        return Closing.BUSY
    user, session = found[0]["user"], found[0]["session"]
    if not user.is_authenticated:
        return None
    return Visitor(session.session_key, user.pk, user.is_staff)


async def standing(session_keys: Iterable[str]) -> Mapping[str, Visitor] | None:
    """The visitors of the sessions that still hold. None: the database does not answer now."""
    try:
        async with in_live_thread():
            found: dict[str, Visitor] = await database_sync_to_async(_standing)(session_keys)
            return found
    except (DatabaseError, InterfaceError):
        return None


def _standing(session_keys: Iterable[str]) -> dict[str, Visitor]:
    found: dict[str, Visitor] = {}
    keys = iter(session_keys)
    while batch := list(islice(keys, BATCH)):
        found.update(_visitors(batch))
    return found


def _visitors(session_keys: list[str]) -> Iterator[tuple[str, Visitor]]:
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    rows = store.model.objects.filter(
        session_key__in=session_keys, expire_date__gt=timezone.now()
    ).values_list("session_key", "session_data")
    contents = {key: store.decode(data) for key, data in rows}
    users = _active_users({content.get(SESSION_KEY) for content in contents.values()})
    for key, content in contents.items():
        user = users.get(str(content.get(SESSION_KEY)))
        if user is not None and _holds(content, user):
            yield key, Visitor(key, user.pk, user.is_staff)


def _active_users(ids: set[Any]) -> dict[str, Any]:
    users = get_user_model().objects.filter(pk__in=ids - {None}, is_active=True)
    return {str(user.pk): user for user in users}


def _holds(content: dict[str, Any], user: Any) -> bool:
    """Whether the password is the one that was given at login."""
    return constant_time_compare(content.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
