"""What a source has written: pages of lines, forwards and backwards, searched or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from llamadash import perf
from logs_app import folders, memory, regex
from logs_app.core import matching, searching
from logs_app.core.blocks import StoredFile
from logs_app.core.levels import LEVELS
from logs_app.core.matching import Wanted
from logs_app.core.records import Line
from logs_app.core.searching import Found

SEARCH_SECONDS: Final = 2.0
LATEST_MS: Final = 10**13 - 1  # lines are stored with 13 digits, until the year 2286


@dataclass(frozen=True, slots=True)
class Filter:
    """`level` and what is more serious; `text` is a regular expression if `is_regex`."""

    level: str = ""
    text: str = ""
    is_regex: bool = False

    def __post_init__(self) -> None:
        if self.level and self.level not in LEVELS:
            raise ValueError(f"the level is one of {', '.join(LEVELS)}")

    @property
    def is_empty(self) -> bool:
        return not (self.level or self.text)


EVERYTHING: Final = Filter()


def before(source: str, wanted: Filter, place: int | None, limit: int) -> Found:
    """The `limit` lines that stand before the place, or the newest. RegexError with words."""
    if place is None and wanted.is_empty:
        newest = memory.last(source, limit)
        if len(newest) == limit:
            return Found(newest, None, False)
    return _search(source, wanted, place, limit, is_before=True)


def after(source: str, wanted: Filter, place: int | None, limit: int) -> Found:
    """The `limit` lines that stand after the place, or the oldest. RegexError with words."""
    return _search(source, wanted, place, limit, is_before=False)


@perf.timed("logs.search", slow_seconds=SEARCH_SECONDS + 1)
def _search(
    source: str, wanted: Filter, place: int | None, limit: int, *, is_before: bool
) -> Found:
    files = stored_files(source)
    if wanted.text and wanted.is_regex:
        return regex.search(
            files, wanted.text, wanted.level, is_before=is_before, place=place, limit=limit
        )
    find = matching.finder(Wanted(wanted.level, wanted.text))
    search = searching.before if is_before else searching.after
    return search(files, find, place, limit, SEARCH_SECONDS)


def place_at(source: str, moment: datetime) -> int | None:
    """Of the first line that is not older than the moment; None when all are."""
    at = min(max(0, int(moment.timestamp() * 1000)), LATEST_MS)
    return searching.at_time(stored_files(source), at)


def newest_at(source: str) -> int | None:
    """When the newest line came, in milliseconds."""
    lines = before(source, EVERYTHING, None, 1).lines
    return lines[-1].at if lines else None


def stored_files(source: str) -> list[StoredFile]:
    folder = folders.folder(source)
    numbers = folders.stored_numbers(folder)
    return [StoredFile(number, folders.stored_file(folder, number)) for number in numbers]


def stored_bytes(source: str) -> int:
    total = 0
    for file in stored_files(source):
        try:
            total += file.path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def last(source: str, most: int) -> list[Line]:
    return before(source, EVERYTHING, None, most).lines
