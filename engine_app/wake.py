"""Tells the supervisor, if it runs in this process, that a row has changed.

One in another process sees it within a second: it looks at the rows by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import transaction

_listeners: list[Callable[[], None]] = []


@contextmanager
def listening(on_change: Callable[[], None]) -> Iterator[None]:
    """Calls `on_change`, in the thread that made the change, once it is committed."""
    _listeners.append(on_change)
    try:
        yield
    finally:
        _listeners.remove(on_change)


def wake() -> None:
    transaction.on_commit(_tell)


def _tell() -> None:
    for listener in _listeners:
        listener()
