"""The management API of logs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, Literal

from django.http import Http404, HttpRequest
from ninja import Router, Schema
from ninja.errors import HttpError, ValidationError

from logs_app import asking, folders, history, reading
from logs_app.core import levels
from logs_app.names import names
from logs_app.reading import ALL, LogPage, Row
from logs_app.regex import RegexBusy, RegexError

logs_router: Final = Router(tags=["logs"])
KINDS: Final = {
    levels.PLAIN: "line",
    levels.CONTINUED: "continued",
    levels.EVENT: "event",
    levels.GAP: "gap",
}


class LineOut(Schema):
    id: int
    source: str
    place: int | None
    at: str
    level: str | None
    kind: Literal["line", "continued", "event", "gap"]
    text: str


class LinesOut(Schema):
    source: str
    lines: list[LineOut]
    before: int | None
    after: int
    newer: bool
    complete: bool


class SourceOut(Schema):
    source: str
    label: str
    note: str
    stored_bytes: int
    newest_at: str | None


class SourcesOut(Schema):
    sources: list[SourceOut]


def _parameter(name: str, kind: str, text: str, **more: Any) -> dict[str, Any]:
    schema = {"type": kind, **more}
    return {"name": name, "in": "query", "schema": schema, "description": text}


PARAMETERS: Final = [
    _parameter("source", "string", "such as app or engine.7; without it: warnings, errors and "
               "events of all sources"),
    _parameter("level", "string", "this level and what is more serious",
               enum=["error", "warning", "info", "debug"]),
    _parameter("q", "string", "text in the line, in any case", maxLength=200),
    _parameter("regex", "integer", "1: q is a regular expression (Python's), of one source"),
    _parameter("before", "integer", "lines before the one with this id: an answer's `before`"),
    _parameter("after", "integer", "lines after it: an answer's `after`, to follow what comes"),
    _parameter("at", "string", "lines from this time on (ISO 8601, UTC without a zone)"),
    _parameter("limit", "integer", "at most so many lines", minimum=1, maximum=1000, default=300),
]  # fmt: skip


@logs_router.get(
    "", response=LinesOut, url_name="logs_lines", openapi_extra={"parameters": PARAMETERS}
)
def list_lines(request: HttpRequest) -> dict[str, Any]:
    """Lines in their order; without `before`, `after` or `at` the newest. `complete` is false when
    the time for a search was up: ask on with `before`, or `after`."""
    staff = request.user.is_staff
    asked = asking.read({name: str(value) for name, value in request.GET.items()})
    if asked.problems:
        raise _invalid(asked.problems)
    question = asked.question
    _check(question.source, staff)
    try:
        page = asking.answer(question, staff)
    except RegexBusy as error:
        raise HttpError(503, str(error)) from None
    except RegexError as error:
        raise _invalid({"q": str(error)}) from None
    return {
        "source": question.source,
        "lines": [line(row) for row in page.rows],
        "before": page.older,
        "after": _after(page),
        "newer": page.newer is not None,
        "complete": page.is_complete,
    }


@logs_router.get("sources/", response=SourcesOut, url_name="logs_sources")
def list_sources(request: HttpRequest) -> dict[str, Any]:
    """All that have written logs which your account may read."""
    if request.GET:
        raise _invalid(dict.fromkeys(request.GET, "there is no such parameter"))
    known = reading.sources(request.user.is_staff)
    called = names(known)
    return {"sources": [_source(each, called[each].label, called[each].note) for each in known]}


def _source(source: str, label: str, note: str) -> dict[str, Any]:
    at = history.newest_at(source)
    return {
        "source": source,
        "label": label,
        "note": note,
        "stored_bytes": history.stored_bytes(source),
        "newest_at": None if at is None else _time(at),
    }


def _check(source: str, staff: bool) -> None:
    if source != ALL and (source not in folders.sources() or not asking.may_read(source, staff)):
        raise Http404(f"There is no log of {source}.")


def _invalid(problems: dict[str, str]) -> ValidationError:
    found = [{"loc": ("query", name), "msg": why} for name, why in problems.items()]
    return ValidationError(found)


def _after(page: LogPage) -> int:
    return page.end if page.newer is None else page.newer


def line(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "source": row.source,
        "place": row.place or None,
        "at": _time(row.at),
        "level": levels.WORDS[row.tag[0]] or None,
        "kind": KINDS[row.tag[1]],
        "text": row.text,
    }


def _time(at: int) -> str:
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"
