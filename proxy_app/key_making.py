"""Makes, changes and ends API keys; whoever uses the gateway in this process sees it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.db import transaction

from proxy_app.core import api_keys
from proxy_app.models import MAX_NAME, SCOPES, ApiKey

DEFAULT_SCOPES: Final = ("infer",)
_listeners: Final[list[Callable[[], None]]] = []


class KeyRefused(ValueError):
    """Why there will be no such key, in words."""


def when_changed(listener: Callable[[], None]) -> None:
    """Calls it, in the thread that made a change, once that is committed."""
    _listeners.append(listener)


def make_key(
    name: str, scopes: Iterable[str] = DEFAULT_SCOPES, **limits: Any
) -> tuple[ApiKey, str]:
    """The row, and the key itself, which is shown now and never again. Raises KeyRefused."""
    shown = checked_name(name)
    chosen = sorted(set(scopes))
    if unknown := [scope for scope in chosen if scope not in SCOPES]:
        raise KeyRefused(f"There is no scope {unknown[0]!r}: give some of {', '.join(SCOPES)}.")
    if not chosen:
        raise KeyRefused(f"A key needs a scope: {', '.join(SCOPES)}.")
    new = api_keys.new_key()
    key = ApiKey.objects.create(
        name=shown, public_id=new.public_id, digest=new.digest, scopes=chosen, **limits
    )
    changed()
    return key, new.text


def checked_name(name: str) -> str:
    """As it is stored. Raises KeyRefused."""
    shown = " ".join(name.split())
    if not shown or len(shown) > MAX_NAME or not shown.isprintable():
        raise KeyRefused(f"A key needs a name of 1 to {MAX_NAME} printable characters.")
    return shown


def revoke(key: ApiKey) -> None:
    """Requests under way go on; the next one is refused, within five seconds everywhere."""
    ApiKey.objects.filter(pk=key.pk).update(enabled=False)
    key.enabled = False
    changed()


def changed() -> None:
    transaction.on_commit(_tell)


def _tell() -> None:
    for listener in _listeners:
        listener()
