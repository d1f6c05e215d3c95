"""A question about logs, as an address asks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from logs_app import reading
from logs_app.core import levels, records
from logs_app.core.matching import MOST_TEXT
from logs_app.core.sources import APP, is_source
from logs_app.history import Filter
from logs_app.reading import ALL, LogPage

PAGE_LINES: Final = 300
MOST_LINES: Final = 1_000
_LETTERS: Final = {word: letter for letter, word in levels.WORDS.items() if word}


@dataclass(frozen=True, slots=True)
class Question:
    """At most one of `before`, `after`, `line` and `at` is given; none: the newest lines."""

    source: str = ALL
    level: str = ""  # a word of levels.WORDS
    q: str = ""
    regex: bool = False
    before: int | None = None
    after: int | None = None
    line: int | None = None
    at: datetime | None = None
    limit: int = PAGE_LINES

    @property
    def filter(self) -> Filter:
        return Filter(_LETTERS.get(self.level, ""), self.q, self.regex)

    @property
    def is_newest(self) -> bool:
        return all(each is None for each in (self.before, self.after, self.line, self.at))

    def address(self, **changes: Any) -> str:
        """The query string of this question, or of one that differs."""
        asked = replace(self, **changes)
        given: dict[str, Any] = {"source": asked.source}
        for name in ("level", "q", "before", "after", "line"):
            if value := getattr(asked, name):
                given[name] = value
        if asked.regex and asked.q:
            given["regex"] = 1
        return urlencode(given)


@dataclass(slots=True)
class Asked:
    question: Question
    problems: dict[str, str] = field(default_factory=dict)


def read(given: Mapping[str, str], default_source: str = ALL) -> Asked:
    """What cannot be understood is left out, and said."""
    asked = Asked(Question(source=default_source))
    values: dict[str, Any] = {}
    for name, text in given.items():
        reader = _READERS.get(name)
        if reader is None:
            if name != "offset":
                asked.problems[name] = "there is no such parameter"
            continue
        try:
            values[name] = reader(text)
        except ValueError as error:
            asked.problems[name] = str(error)
    if values.get("at"):
        try:
            values["at"] += timedelta(minutes=_offset(given.get("offset", "")))
        except OverflowError:
            asked.problems["at"] = "is beyond the years that a clock has"
            values["at"] = None
    if values.get("line") is not None and values.get("source", default_source) == ALL:
        asked.problems["line"] = "is asked of one source"
        values["line"] = None
    places = [name for name in ("line", "at", "before", "after") if values.get(name) is not None]
    for name in places[1:]:
        asked.problems[name] = f"is not asked together with {places[0]}"
        values[name] = None
    asked.question = replace(asked.question, **values)
    return asked


def answer(question: Question, staff: bool) -> LogPage:
    """RegexError with words for whoever asked."""
    source, wanted, limit = question.source, question.filter, question.limit
    if question.line is not None:
        return reading.around(source, question.line, limit)
    if question.at is not None:
        cursor = reading.cursor_at(source, question.at)
        return reading.after(source, wanted, cursor, limit, staff)
    if question.before is not None:
        return reading.before(source, wanted, question.before, limit, staff)
    if question.after is not None:
        return reading.after(source, wanted, question.after, limit, staff)
    return reading.newest(source, wanted, limit, staff)


def may_read(source: str, staff: bool) -> bool:
    return staff or source != APP


def _source(text: str) -> str:
    if text != ALL and not is_source(text):
        raise ValueError("is no name of a source")
    return text


def _level(text: str) -> str:
    if text and text not in _LETTERS:
        raise ValueError(f"is one of {', '.join(_LETTERS)}")
    return text


def _text(text: str) -> str:
    if len(text) > MOST_TEXT:
        raise ValueError(f"has at most {MOST_TEXT} characters")
    if "\0" in text or "\n" in text:
        raise ValueError("is one line of text")
    return text


def _flag(text: str) -> bool:
    if text not in ("", "0", "1", "on"):
        raise ValueError("is 0 or 1")
    return text in ("1", "on")


def _place(text: str) -> int | None:
    if not text:
        return None
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 17 else -1
    if not records.is_place(value):
        raise ValueError("is the id of a line")
    return value


def _moment(text: str) -> datetime | None:
    """UTC, where no other zone is said."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is a time like 2026-11-24T13:08:41") from None


def _limit(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= value <= MOST_LINES:
        raise ValueError(f"is a whole number from 1 to {MOST_LINES:,}")
    return value


def _offset(text: str) -> int:
    """Minutes from the browser's time to UTC: its field for a time writes no zone."""
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 4 else 0


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "source": _source,
    "level": _level,
    "q": _text,
    "regex": _flag,
    "before": _place,
    "after": _place,
    "line": _place,
    "at": _moment,
    "limit": _limit,
}
