"""Readings gathered into buckets of time, and buckets into wider ones.

A bucket knows how many seconds had a value, their average, the smallest and the largest. All four
of a wider bucket follow from those of the narrower ones without loss, so each tier of the history
can be made from the one before it, again and again, with the same result.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import truediv
from typing import Final, NamedTuple

# Nothing that is measured here is larger; products of such numbers stay finite.
MOST: Final = 1e24


class Bucket(NamedTuple):
    at: int
    n: int
    avg: float
    min: float
    max: float


def start_of(at: float, seconds: int) -> int:
    """The start of the bucket of `seconds` that `at` lies in."""
    return int(at // seconds) * seconds


def is_storable(value: float | None) -> bool:
    """Whether it is a number that may be kept: not unknown, not NaN, not beyond all measure."""
    return value is not None and -MOST < value < MOST


@dataclass(slots=True)
class Gathering:
    """One bucket while it is being filled."""

    n: int = 0
    total: float = 0.0
    min: float = math.inf
    max: float = -math.inf

    def add(self, value: float) -> None:
        self.n += 1
        self.total += value
        if value < self.min:
            self.min = value
        if value > self.max:
            self.max = value

    def bucket(self, at: int, seconds: int) -> Bucket:
        """As it is kept. No bucket has more seconds than it lasts, however often it was read."""
        # A sum of floats may leave the range by its last digit; an average must not.
        avg = min(max(self.total / self.n, self.min), self.max)
        return Bucket(at, min(self.n, seconds), avg, self.min, self.max)


@dataclass(slots=True)
class Merging:
    """The buckets of one series on a grid of `n_buckets` times `step` seconds from `start` on."""

    start: int
    step: int
    n_buckets: int
    n: list[int] = field(init=False)
    total: list[float] = field(init=False)
    min: list[float | None] = field(init=False)
    max: list[float | None] = field(init=False)

    def __post_init__(self) -> None:
        self.n = [0] * self.n_buckets
        self.total = [0.0] * self.n_buckets
        self.min = [None] * self.n_buckets
        self.max = [None] * self.n_buckets

    def add(self, at: int, n: int, avg: float, smallest: float, largest: float) -> None:
        """Outside of the grid it is left out."""
        index = (at - self.start) // self.step
        if not 0 <= index < self.n_buckets:
            return
        if self.n[index] == 0:
            self.min[index], self.max[index] = smallest, largest
        else:
            self.min[index] = min(smallest, self.min[index])  # type: ignore[type-var]
            self.max[index] = max(largest, self.max[index])  # type: ignore[type-var]
        self.n[index] += n
        self.total[index] += avg * n

    def lay(self, values: Sequence[float], start: int) -> None:
        """Adds values of one a second from `start` on; NaN is no value.

        Whole buckets are made without a loop of our own: a chart of an hour has 3,600 seconds of
        each series, and a page thirty series.
        """
        lead = -(start - self.start) % self.step
        n_whole = max(0, len(values) - lead) // self.step
        end = lead + n_whole * self.step
        self._add_seconds(values[:lead], start)
        self._lay_whole(values[lead:end], (start + lead - self.start) // self.step)
        self._add_seconds(values[end:], start + end)

    def _lay_whole(self, values: Sequence[float], first: int) -> None:
        n_whole = len(values) // self.step
        span = slice(first, first + n_whole)
        if first < 0 or first + n_whole > self.n_buckets or any(self.n[span]):
            self._add_seconds(values, self.start + first * self.step)
            return
        parts = list(zip(*[iter(values)] * self.step, strict=True))
        self.total[span] = totals = list(map(sum, parts))
        self.n[span] = [self.step] * n_whole
        self.min[span], self.max[span] = map(min, parts), map(max, parts)
        if not are_known(totals):
            for number, total in enumerate(totals):
                if not -MOST < total < MOST:
                    self._lay_again(first + number, parts[number])

    def _lay_again(self, index: int, part: Sequence[float]) -> None:
        """A bucket that has seconds without a value."""
        known = [value for value in part if -MOST < value < MOST]
        self.n[index], self.total[index] = len(known), sum(known)
        self.min[index], self.max[index] = min(known, default=None), max(known, default=None)

    def _add_seconds(self, values: Sequence[float], start: int) -> None:
        for second, value in enumerate(values, start):
            if -MOST < value < MOST:
                self.add(second, 1, value, value, value)

    def averages(self) -> list[float | None]:
        if 0 not in self.n:
            return list(map(truediv, self.total, self.n))
        pairs = zip(self.total, self.n, strict=True)
        return [total / n if n else None for total, n in pairs]


def are_known(values: Sequence[float]) -> bool:
    """Whether none of them is NaN or infinite: looked at in one pass, by their sum. Of numbers
    that may be kept."""
    return -math.inf < sum(values) < math.inf


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Of the values that are there: the smallest that `percent` of them do not exceed."""
    known = sorted(values if are_known(values) else [v for v in values if -MOST < v < MOST])
    if not known:
        return None
    return known[max(0, math.ceil(len(known) * percent / 100) - 1)]
