"""The one question behind every list of requests: the page, the API and the exports ask the same.

query, problems = read(request.GET)      # problems: parameter -> what is wrong with it
page = turn(query, user)                 # rows, newest first, with the ids at both edges
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Q, QuerySet

from proxy_app.models import RequestRecord

PAGE_ROWS: Final = 50
MAX_ROWS: Final = 1000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MOST_ID: Final = (1 << 63) - 1
DIALECTS: Final = ("openai", "anthropic", "llamacpp", "ollama")
CLASSES: Final = ("2xx", "4xx", "5xx")
OUTCOMES: Final = ("done", "failed", "client_gone", "cancelled")
# Error codes that are nobody's fault.
ENDED_EARLY: Final = ("client_gone", "cancelled")
_START: Final = re.compile(r"[0-9a-f]{1,20}", re.ASCII)
_CURSOR: Final = re.compile(r"(-?)([0-9]{1,17})_([0-9]{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row beside which a page starts: older ones follow, or newer ones."""

    newer: bool
    at: datetime
    id: int

    def encode(self) -> str:
        microseconds = (self.at - EPOCH) // timedelta(microseconds=1)
        return f"{'-' if self.newer else ''}{microseconds}_{self.id}"


@dataclass(frozen=True, slots=True)
class RequestQuery:
    """A checked question. Field names are the parameters of addresses."""

    q: str = ""  # how a request's id begins
    model: int | None = None
    key: int | None = None
    outcome: str = ""  # one of OUTCOMES
    status: str = ""  # one of CLASSES
    errors: bool = False
    dialect: str = ""
    since: datetime | None = None
    until: datetime | None = None
    cursor: Cursor | None = None
    limit: int = PAGE_ROWS

    @property
    def is_filtered(self) -> bool:
        return bool(self.address(cursor=None, limit=PAGE_ROWS))

    def address(self, **changes: Any) -> str:
        """The query string of this question with some parameters changed; defaults are left out."""
        asked = replace(self, **changes)
        parts = {}
        for field in fields(asked):
            value = getattr(asked, field.name)
            if value == field.default:
                continue
            if isinstance(value, datetime):
                value = f"{value.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
            if isinstance(value, Cursor):
                value = value.encode()
            parts[field.name] = "1" if value is True else str(value)
        return urlencode(parts)


def read(given: Mapping[str, str]) -> tuple[RequestQuery, dict[str, str]]:
    """What can be used of the parameters, and what is wrong with the others."""
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, text in given.items():
        parse = PARSERS.get(name)
        try:
            if parse is None:
                raise ValueError(f"unknown; possible are {', '.join(PARSERS)}")
            if text != "":
                values[name] = parse(text)
        except ValueError as error:
            problems[name] = str(error)
    return RequestQuery(**values), problems


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return text

    return parse


def _number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        # isdecimal alone lets thousands of digits through, which int() takes long for.
        is_number = text.isascii() and text.isdecimal() and len(text) < 20
        if not is_number or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least:,} to {most:,}")
        return int(text)

    return parse


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("must be 0 or 1")
    return text == "1"


def _start(text: str) -> str:
    shown = text.strip().lower()
    if not _START.fullmatch(shown):
        raise ValueError("must be the beginning of a request's id: digits and the letters a to f")
    return shown


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text) if len(text) <= 40 else None
        if moment is None:
            raise ValueError
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be a time like 2026-11-24T13:00, in UTC without a zone") from None


def _cursor(text: str) -> Cursor:
    found = _CURSOR.fullmatch(text)
    if not found or int(found[3]) > MOST_ID:
        raise ValueError("is not one that an answer gave")
    at = EPOCH + timedelta(microseconds=int(found[2]))
    return Cursor(bool(found[1]), at, int(found[3]))


PARSERS: Final[dict[str, Callable[[str], Any]]] = {
    "q": _start,
    "model": _number(1, MOST_ID),
    "key": _number(1, MOST_ID),
    "outcome": _one_of(*OUTCOMES),
    "status": _one_of(*CLASSES),
    "errors": _flag,
    "dialect": _one_of(*DIALECTS),
    "since": _moment,
    "until": _moment,
    "cursor": _cursor,
    "limit": _number(1, MAX_ROWS),
}


def visible_to(user: Any) -> QuerySet[RequestRecord]:
    """All of them for the staff; others see what they have asked themselves."""
    every = RequestRecord.objects.all()
    if user.is_staff:
        return every
    key = getattr(user, "api_key", None)  # of a program that asks the management API
    if key is not None:
        return every.filter(api_key_id=key.pk)
    return every.filter(user_id=user.pk) if user.pk is not None else every.none()


def requests(query: RequestQuery, user: Any) -> QuerySet[RequestRecord]:
    """All that match, in no order and on no page."""
    found = visible_to(user)
    if query.q:  # all ids that begin so, in the words of the index
        found = found.filter(public_id__gte=query.q, public_id__lt=f"{query.q}g")
    if query.model is not None:
        found = found.filter(llama_model_id=query.model)
    if query.key is not None:
        found = found.filter(api_key_id=query.key)
    if query.dialect:
        found = found.filter(dialect=query.dialect)
    if query.status:
        first = int(query.status[0]) * 100
        found = found.filter(status__gte=first, status__lt=first + 100)
        if first >= 400:  # says nothing new, but an index holds just these
            found = found.filter(error_code__gt="")
    if query.errors:
        found = found.filter(error_code__gt="")
    if query.since is not None:
        found = found.filter(started_at__gte=query.since)
    if query.until is not None:
        found = found.filter(started_at__lt=query.until)
    return _of_outcome(found, query.outcome)


def _of_outcome(found: QuerySet[RequestRecord], outcome: str) -> QuerySet[RequestRecord]:
    if outcome == "done":
        return found.filter(error_code="")
    if outcome == "failed":
        return found.filter(error_code__gt="").exclude(error_code__in=ENDED_EARLY)
    return found.filter(error_code=outcome) if outcome else found


@dataclass(frozen=True, slots=True)
class Page:
    """None: nothing more on that side."""

    rows: list[RequestRecord]
    older: Cursor | None
    newer: Cursor | None


def turn(query: RequestQuery, user: Any) -> Page:
    """One page, latest begun first. Costs the same wherever it is."""
    cursor = query.cursor
    backwards = cursor is not None and cursor.newer
    found = requests(query, user).select_related("llama_model", "api_key")
    found = found.defer("llama_model__facts", "llama_model__search_text")
    if cursor is not None:
        found = found.filter(_beyond(cursor))
    order = ("started_at", "id") if backwards else ("-started_at", "-id")
    rows = list(found.order_by(*order)[: query.limit + 1])
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    if backwards:
        rows.reverse()
    if not rows:
        return Page([], None, None)
    has_older = True if backwards else more
    has_newer = more if backwards else cursor is not None
    return Page(
        rows,
        Cursor(False, rows[-1].started_at, rows[-1].pk) if has_older else None,
        Cursor(True, rows[0].started_at, rows[0].pk) if has_newer else None,
    )


def _beyond(cursor: Cursor) -> Q:
    """The first part says nothing new, but it is the range that an index can be entered with."""
    if cursor.newer:
        further = Q(started_at__gt=cursor.at) | Q(id__gt=cursor.id)
        return Q(started_at__gte=cursor.at) & further
    further = Q(started_at__lt=cursor.at) | Q(id__lt=cursor.id)
    return Q(started_at__lte=cursor.at) & further


def everything(query: RequestQuery, user: Any) -> Iterator[RequestRecord]:
    """All rows that match, page by page: an export holds one page in memory."""
    query = replace(query, cursor=None, limit=MAX_ROWS)
    while True:
        page = turn(query, user)
        yield from page.rows
        if page.older is None:
            return
        query = replace(query, cursor=page.older)


def neighbours(record: RequestRecord, user: Any) -> tuple[str, str]:
    """The ids of the request that began next, and of the one before; empty: there is none."""
    here = Cursor(True, record.started_at, record.pk)
    ids = visible_to(user).values_list("public_id", flat=True)
    newer = ids.filter(_beyond(here)).order_by("started_at", "id").first()
    older = ids.filter(_beyond(replace(here, newer=False))).order_by("-started_at", "-id").first()
    return newer or "", older or ""
