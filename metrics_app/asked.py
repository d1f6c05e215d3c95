"""What may be asked of the history; what may not is refused in words for who asked."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MOST_SERIES: Final = 64
LEAST_POINTS: Final = 2  # a range seldom begins where a bucket does
MOST_POINTS: Final = 1500
DEFAULT_POINTS: Final = 720
MOST_SECONDS: Final = 20 * 366 * 86_400
FUTURE_SECONDS: Final = 86_400  # clocks differ; a day of it is no mistake
# Unix seconds: nothing else that a program would take for a number.
NUMBER: Final = re.compile(r"-?\d{1,12}(\.\d{1,9})?", re.ASCII)


class QueryError(ValueError):
    """What is wrong with the question, in words for the person who asked it."""


class UnknownSeries(QueryError):
    """Nothing was ever recorded under this name, or nothing of it is left."""


@dataclass(frozen=True, slots=True)
class Range:
    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


def checked_range(start: float, end: float, now: float) -> Range:
    if not (math.isfinite(start) and math.isfinite(end)):
        raise QueryError("Start and end must be times.")
    if start < 0:
        raise QueryError("The start lies before 1970.")
    if end > now + FUTURE_SECONDS:
        raise QueryError("The end lies in the future.")
    if end <= start:
        raise QueryError("The end must be later than the start.")
    if end - start > MOST_SECONDS:
        raise QueryError("The range is longer than 20 years, the most that can be shown.")
    return Range(start, max(end, start + 1))


def checked_points(points: int) -> int:
    if not LEAST_POINTS <= points <= MOST_POINTS:
        raise QueryError(f"Ask for {LEAST_POINTS} to {MOST_POINTS:,} points.")
    return points


def checked_keys(keys: Sequence[str]) -> list[str]:
    """Each once, in the order in which they were asked for."""
    wanted = list(dict.fromkeys(keys))
    if not wanted:
        raise QueryError("Name at least one series.")
    if len(wanted) > MOST_SERIES:
        raise QueryError(f"At most {MOST_SERIES} series at once; these are {len(wanted):,}.")
    for key in wanted:
        if "\0" in key:  # which PostgreSQL does not take
            raise UnknownSeries("There is no such series: its name holds a NUL.")
    return wanted
