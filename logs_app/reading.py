"""Pages of lines as people and programs ask for them: of one source, or what is kept of all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from django.db.models import QuerySet

from logs_app import folders, history
from logs_app.core import levels, records
from logs_app.core.records import Line
from logs_app.core.searching import Found
from logs_app.core.sources import APP
from logs_app.history import Filter
from logs_app.models import LogLine
from logs_app.regex import RegexError
from logs_app.retention import first_since

ALL: Final = "all"  # in place of a source: warnings, errors and events of all of them


class Row(NamedTuple):
    id: int  # within what was asked: a place in the files, or the id of a kept line
    source: str
    at: int  # milliseconds
    tag: str
    text: str
    place: int  # in the files of its source; 0 if not known


@dataclass(frozen=True, slots=True)
class LogPage:
    rows: list[Row]
    older: int | None  # the cursor of the page before this; None: there is none
    newer: int | None
    end: int  # what comes from now on comes after it
    is_complete: bool = True  # False: the time was up before all was searched


def sources(staff: bool) -> list[str]:
    """Those that may be read: this program's own log names accounts and paths."""
    return [each for each in folders.sources() if staff or each != APP]


def newest(source: str, wanted: Filter, limit: int, staff: bool) -> LogPage:
    end = _end(source)
    found = _before(source, wanted, None, limit, staff)
    return _page(source, found, end, newer=None)


def before(source: str, wanted: Filter, cursor: int, limit: int, staff: bool) -> LogPage:
    end = _end(source)
    found = _before(source, wanted, cursor, limit, staff)
    lines = found.lines
    return _page(source, found, end, newer=_id(lines[-1]) if lines else cursor - 1)


def after(source: str, wanted: Filter, cursor: int | None, limit: int, staff: bool) -> LogPage:
    """`cursor` None: from the oldest on."""
    end = _end(source)
    found = _after(source, wanted, cursor, limit, staff)
    rows = [_row(source, line) for line in found.lines]
    older = rows[0].id if rows and cursor is not None else None
    newer = None if found.is_end else rows[-1].id if found.reached is None else found.reached
    # Lines that came while we looked are among the rows, and may stand behind the end.
    end = max(end, rows[-1].id) if rows else end
    return LogPage(rows, older, newer, end, found.reached is None)


def cursor_at(source: str, moment: datetime) -> int:
    """Before the first line that is not older; after all there are where all are."""
    if source == ALL:
        return first_since(moment) - 1
    end = _end(source)
    place = history.place_at(source, moment)
    return end if place is None else place - 1


def around(source: str, place: int, limit: int) -> LogPage:
    """The line at the place in the middle, whatever level it has."""
    first = history.before(source, history.EVERYTHING, place, limit // 2)
    second = history.after(source, history.EVERYTHING, place - 1, limit - limit // 2)
    rows = [_row(source, line) for line in [*first.lines, *second.lines]]
    older = rows[0].id if rows and not first.is_end else None
    newer = rows[-1].id if rows and not second.is_end else None
    return LogPage(rows, older, newer, _end(source))


def _page(source: str, found: Found, end: int, newer: int | None) -> LogPage:
    rows = [_row(source, line) for line in found.lines]
    if found.reached is not None:
        return LogPage(rows, found.reached, newer, end, False)
    return LogPage(rows, None if found.is_end or not rows else rows[0].id, newer, end)


def _before(source: str, wanted: Filter, cursor: int | None, limit: int, staff: bool) -> Found:
    if source != ALL:
        return history.before(source, wanted, cursor, limit)
    rows = _kept(wanted, staff)
    if cursor is not None:
        rows = rows.filter(id__lt=cursor)
    found = list(rows.order_by("-id")[: limit + 1])
    return Found(list(reversed(found[:limit])), None, len(found) <= limit)  # type: ignore[arg-type]


def _after(source: str, wanted: Filter, cursor: int | None, limit: int, staff: bool) -> Found:
    if source != ALL:
        return history.after(source, wanted, cursor, limit)
    rows = _kept(wanted, staff)
    if cursor is not None:
        rows = rows.filter(id__gt=cursor)
    found = list(rows.order_by("id")[: limit + 1])
    return Found(found[:limit], None, len(found) <= limit)  # type: ignore[arg-type]


def _kept(wanted: Filter, staff: bool) -> QuerySet[LogLine]:
    if wanted.is_regex and wanted.text:
        raise RegexError("Regular expressions search one source: choose it.")
    rows = LogLine.objects.all()
    if not staff:
        rows = rows.exclude(source=APP)
    if wanted.level:
        rows = rows.filter(level__in=levels.AT_LEAST[wanted.level])
    return rows.filter(text__icontains=wanted.text) if wanted.text else rows


def _end(source: str) -> int:
    """Before what comes from now on: the line end of the newest line."""
    if source == ALL:
        newest: int | None = LogLine.objects.order_by("-id").values_list("id", flat=True).first()
        return newest or 0
    files = history.stored_files(source)
    if not files:
        return 0
    try:
        size = files[-1].path.stat().st_size
    except FileNotFoundError:
        size = 0
    return max(0, records.place(files[-1].number, size) - 1)


def _id(line: Line | LogLine) -> int:
    return line.place if isinstance(line, Line) else line.pk


def _row(source: str, line: Line | LogLine) -> Row:
    if isinstance(line, Line):
        return Row(line.place, source, line.at, line.tag, line.text, line.place)
    at = int(line.at.timestamp() * 1000)
    kind = levels.EVENT if line.is_event else levels.PLAIN
    return Row(line.pk, line.source, at, line.level + kind, line.text, line.place or 0)
