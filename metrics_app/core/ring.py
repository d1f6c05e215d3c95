"""The last hour of every series, one value a second, in memory."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from itertools import repeat
from typing import Final

from metrics_app.core.metric import Metric

SECONDS: Final = 3600
# 14 KiB a series: 28 MiB at most. A machine with eight GPUs and 256 cores has about 500.
MOST_SERIES: Final = 2000
_SWEEP_SECONDS: Final = 60
_NONE: Final = array("f", repeat(math.nan, SECONDS))


class _Series:
    __slots__ = ("metric", "turn", "values")

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.values = _NONE[:]
        self.turn = 0  # the tick of its latest value


class Ring:
    """Second t lies in place t % 3600; what is no longer or not yet true there is NaN.

    Not locked. float32: seven digits are more than a chart can show.
    """

    def __init__(self, most_series: int = MOST_SERIES) -> None:
        self._most_series = most_series
        self._series: dict[str, _Series] = {}
        self._newest: int | None = None
        self._since = 0  # nothing older was ever known, or is known no more
        self._turn = 0
        self.n_dropped = 0  # values of series beyond the most

    def add(self, second: int, values: Mapping[Metric, float | None]) -> None:
        """The clock may have been set: what lies in the future then is forgotten."""
        self._move_to(second)
        self._turn += 1
        place = second % SECONDS
        for metric, value in values.items():
            if value is not None and (series := self._series_of(metric)):
                series.values[place] = value
                series.turn = self._turn
        if self._turn % _SWEEP_SECONDS == 0:
            self._forget_silent()

    def read(self, key: str, start: int, end: int) -> array[float]:
        """Seconds `start` to `end`, `end` not included. NaN is no value; a copy."""
        series, newest = self._series.get(key), self._newest
        length = max(0, end - start)
        if series is None or newest is None:
            return _nans(length)
        oldest = newest - SECONDS + 1
        first, last = max(start, oldest), min(end, newest + 1)
        if first >= last:
            return _nans(length)
        return _nans(first - start) + _span(series.values, first, last) + _nans(end - last)

    def covers(self, start_at: float) -> bool:
        """Whether all that was read since then is here."""
        if self._newest is None:
            return False
        return start_at >= max(self._since, self._newest - SECONDS + 1)

    def metrics(self) -> list[Metric]:
        return [series.metric for series in self._series.values()]

    def _move_to(self, second: int) -> None:
        newest, self._newest = self._newest, second
        if newest is None:
            self._since = second
        elif second > newest:
            self._clear(newest + 1, second + 1)
        elif second < newest:
            self._since = min(max(self._since, newest - SECONDS + 1), second)
            self._clear(second, newest + 1)

    def _clear(self, start: int, end: int) -> None:
        for first, last in _places(start, min(end, start + SECONDS)):
            for series in self._series.values():
                series.values[first:last] = _NONE[first:last]

    def _series_of(self, metric: Metric) -> _Series | None:
        series = self._series.get(metric.key)
        if series is None:
            if len(self._series) >= self._most_series:
                self.n_dropped += 1
                return None
            series = self._series[metric.key] = _Series(metric)
        return series

    def _forget_silent(self) -> None:
        """In ticks, not by the clock: that may have been set."""
        oldest = self._turn - SECONDS
        self._series = {key: each for key, each in self._series.items() if each.turn > oldest}


def _places(start: int, end: int) -> list[tuple[int, int]]:
    """The places of so many seconds, 3,600 at most: one span or, over the seam, two."""
    if start >= end:
        return []
    first, length = start % SECONDS, end - start
    if first + length <= SECONDS:
        return [(first, first + length)]
    return [(first, SECONDS), (0, first + length - SECONDS)]


def _span(values: array[float], start: int, end: int) -> array[float]:
    found = array("f")
    for first, last in _places(start, end):
        found += values[first:last]
    return found


def _nans(length: int) -> array[float]:
    return array("f", repeat(math.nan, length))
