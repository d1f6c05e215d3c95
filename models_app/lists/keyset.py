"""Pages of a sorted list that stay right while rows come and go: keyset cursors.

A cursor names the row at the edge of a page by its sort key, so the next page costs the same
wherever it is, and nothing is shown twice or left out when a scan adds rows in between.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from django.db.models import F, OrderBy, Q

MAX_CURSOR: Final = 4096
INT64: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column lists can be sorted by. Unknown values come last in both directions."""

    field: str
    type: type[str] | type[int] | type[datetime] = str
    nullable: bool = False
    biggest_first: bool = False  # which direction a first click asks for


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row beside which a page starts."""

    backwards: bool
    sort: str  # as in the address: "-size"
    favourite: bool
    value: str | int | datetime | None
    id: int

    def encode(self) -> str:
        parts = [self.backwards, self.sort, self.favourite, self.value, self.id]
        return base64.urlsafe_b64encode(orjson.dumps(parts)).rstrip(b"=").decode()


def decode(text: str, sort: str, key: SortKey) -> Cursor:
    """Raises ValueError for everything that `encode` did not write for this sort order."""
    if len(text) > MAX_CURSOR:
        raise ValueError("the cursor is too long")
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        backwards, cursor_sort, favourite, value, row_id = orjson.loads(raw)
    except (binascii.Error, UnicodeEncodeError, TypeError, ValueError) as error:
        raise ValueError("the cursor is damaged") from error
    if cursor_sort != sort:
        raise ValueError("the cursor belongs to another sort order")
    if not (isinstance(backwards, bool) and isinstance(favourite, bool) and _is_int64(row_id)):
        raise ValueError("the cursor is damaged")
    return Cursor(backwards, sort, favourite, _value(value, key), row_id)


def _value(value: object, key: SortKey) -> str | int | datetime | None:
    if value is None and key.nullable:
        return None
    if key.type is int and _is_int64(value):
        return value  # type: ignore[return-value]
    if key.type is str and isinstance(value, str) and "\0" not in value:
        return value
    if key.type is datetime and isinstance(value, str):
        return _moment(value)
    raise ValueError("the cursor is damaged")


def _moment(text: str) -> datetime:
    """In UTC, as databases are asked for it: near the years 1 and 9999 there is no UTC time."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the cursor is damaged")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the cursor is damaged") from error


def _is_int64(value: object) -> bool:
    return type(value) is int and -INT64 <= value < INT64


def order(key: SortKey, descending: bool, backwards: bool) -> list[OrderBy]:
    """Favourites, then the sort key, then the id; all turned round to read a page backwards."""
    down = descending != backwards
    nulls: dict[str, Any] = {}
    if key.nullable:  # only then: `NULLS LAST` would keep an index on the column from being used
        nulls = {"nulls_first": True} if backwards else {"nulls_last": True}
    column = F(key.field)
    return [
        F("favourite").asc() if backwards else F("favourite").desc(),
        column.desc(**nulls) if down else column.asc(**nulls),
        F("id").desc() if backwards else F("id").asc(),
    ]


def beyond(cursor: Cursor, key: SortKey, descending: bool) -> Q:
    """The rows after the cursor's, or before it when it is read backwards."""
    # `IN` of one value: Django writes `NOT favourite` for favourite=False, which no index serves.
    same = Q(favourite__in=[cursor.favourite]) & _beyond_value(cursor, key, descending)
    others_follow = cursor.favourite != cursor.backwards
    return same | Q(favourite__in=[not cursor.favourite]) if others_follow else same


def _beyond_value(cursor: Cursor, key: SortKey, descending: bool) -> Q:
    unknown = Q(**{f"{key.field}__isnull": True})
    further_id = Q(id__lt=cursor.id) if cursor.backwards else Q(id__gt=cursor.id)
    if cursor.value is None:
        return (unknown & further_id) | ~unknown if cursor.backwards else unknown & further_id
    sign = "lt" if descending != cursor.backwards else "gt"
    further = Q(**{f"{key.field}__{sign}": cursor.value})
    # The first part says nothing new, but it is the range that an index can be entered with.
    known = Q(**{f"{key.field}__{sign}e": cursor.value}) & (further | further_id)
    return known | unknown if key.nullable and not cursor.backwards else known
