"""Operator settings: typed, validated, stored in one table, declared where they are used.

    SCAN_INTERVAL = number("scan.interval_minutes", 60, least=0, most=10_080, label=…, help=…)
    SCAN_INTERVAL.get()

Values are cached for five seconds, so that a change made by another process is seen soon and a
hot path asks no database. A change counts once it is committed; before that, only the thread that
makes it sees it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from django.db import connection, transaction

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

T = TypeVar("T")
CACHE_SECONDS: Final = 5.0


class OptionError(ValueError):
    """What is wrong with a value, in words for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Option(Generic[T]):
    """One setting. `parse` turns what a form or JSON gives into a value or raises OptionError."""

    key: str
    default: T
    label: str
    help: str
    group: str
    parse: Callable[[Any], T]
    unit: str = ""
    kind: str = "text"  # how a form shows it: number, flag, text
    least: int | None = None
    most: int | None = None
    _listeners: list[Callable[[T], None]] = field(default_factory=list, compare=False)

    def when_changed(self, listener: Callable[[T], None]) -> None:
        """Calls `listener` with the new value after each change made in this process."""
        self._listeners.append(listener)

    def get(self) -> T:
        stored = _stored()
        if self.key not in stored:
            return self.default
        try:
            return self.parse(stored[self.key])
        except OptionError:  # written by another version: the default is always usable
            return self.default

    def set(self, value: Any, user: AbstractBaseUser | AnonymousUser | None = None) -> T:
        """Stores a value (the default is stored as no row); once that is committed, tells who
        depends on it. Whoever that is, its failure is logged and changes nothing of the setting.
        """
        from settings_app.models import Setting

        parsed = self.parse(value)
        if parsed == self.default:
            Setting.objects.filter(key=self.key).delete()
        else:
            who = user.pk if user is not None and user.is_authenticated else None
            Setting.objects.update_or_create(
                key=self.key, defaults={"value": parsed, "updated_by_id": who}
            )
        _changing.here = True
        transaction.on_commit(forget)
        for listener in self._listeners:
            transaction.on_commit(partial(listener, parsed), robust=True)
        return parsed

    @property
    def is_default(self) -> bool:
        return self.key not in _stored()


OPTIONS: Final[dict[str, Option[Any]]] = {}


def register(option: Option[T]) -> Option[T]:
    if option.key in OPTIONS:
        raise ValueError(f"the option {option.key} is declared twice")
    OPTIONS[option.key] = option
    return option


def number(
    key: str,
    default: int,
    *,
    least: int,
    most: int,
    label: str,
    help: str,
    group: str,
    unit: str = "",
) -> Option[int]:
    def parse(value: Any) -> int:
        try:
            parsed = int(str(value).strip())
        except ValueError:
            parsed = least - 1
        if not least <= parsed <= most:
            raise OptionError(f"Give a whole number from {least:,} to {most:,}.")
        return parsed

    return register(Option(key, default, label, help, group, parse, unit, "number", least, most))


def flag(key: str, default: bool, *, label: str, help: str, group: str) -> Option[bool]:
    def parse(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        return str(value).strip().lower() in ("1", "true", "on", "yes")

    return register(Option(key, default, label, help, group, parse, kind="flag"))


def choice(
    key: str, default: str, words: tuple[str, ...], *, label: str, help: str, group: str
) -> Option[str]:
    """One of some words."""

    def parse(value: Any) -> str:
        word = str(value).strip().lower()
        if word not in words:
            raise OptionError(f"Give {', '.join(words[:-1])} or {words[-1]}.")
        return word

    return register(Option(key, default, label, help, group, parse))


class _Changing(threading.local):
    here = False  # this thread's transaction holds a change that others must not see yet


_changing = _Changing()
_lock = threading.Lock()
_cache: dict[str, Any] = {}
_cached_at = float("-inf")
_n_forgotten = 0


def _stored() -> dict[str, Any]:
    global _cache, _cached_at
    if _changing.here:
        if connection.in_atomic_block:
            return _read()
        _changing.here = False
    now = time.monotonic()
    if now - _cached_at <= CACHE_SECONDS:
        return _cache
    began = _n_forgotten
    found = _read()
    with _lock:
        if began == _n_forgotten:  # else it may have been read before the change was there
            _cache, _cached_at = found, now
    return found


def _read() -> dict[str, Any]:
    from settings_app.models import Setting

    return dict(Setting.objects.values_list("key", "value"))


def forget() -> None:
    """Makes the next read ask the database."""
    global _cached_at, _n_forgotten
    with _lock:
        _cached_at = float("-inf")
        _n_forgotten += 1
