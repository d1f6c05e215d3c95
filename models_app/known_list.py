"""The bytes of model lists that were asked for lately, for as long as they are true."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from django.utils.http import parse_etags

FRESH_SECONDS: Final = 1.0  # how late a change made by another process may be seen
MOST_LISTS: Final = 32
MOST_BYTES: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Known:
    etag: str
    body: bytes


_version = ""
_checked_at = float("-inf")
_lists: OrderedDict[bytes, Known] = OrderedDict()
_size = 0


def is_seen(etag: str, if_none_match: str) -> bool:
    """Whether a caller has this list already: weak comparison, as RFC 9110 has it."""
    seen = parse_etags(if_none_match)
    return any(tag == "*" or tag.removeprefix("W/") == etag for tag in seen)


def known(query: bytes) -> Known | None:
    """The list for a query string, if it was checked within the last second."""
    if time.monotonic() - _checked_at > FRESH_SECONDS:
        return None
    return _lists.get(query)


def get(query: bytes, version: str) -> Known | None:
    """The list for a query string at `version`, which the caller has just read."""
    global _version, _checked_at, _size
    if version != _version:
        _lists.clear()
        _size = 0
        _version = version
    _checked_at = time.monotonic()
    found = _lists.get(query)
    if found is not None:
        _lists.move_to_end(query)
    return found


def put(query: bytes, version: str, known: Known) -> None:
    """Keeps a list made at `version`; nothing is kept if that is not the current one any more."""
    global _size
    if version != _version or query in _lists or len(known.body) > MOST_BYTES:
        return
    _lists[query] = known
    _size += len(known.body)
    while len(_lists) > MOST_LISTS or _size > MOST_BYTES:
        _, dropped = _lists.popitem(last=False)
        _size -= len(dropped.body)


def forget() -> None:
    """Makes the next request ask the database; called after every change made here."""
    global _checked_at
    _checked_at = float("-inf")
