from __future__ import annotations

import math

import pytest

from metrics_app.query import QueryError, UnknownSeries, known_series, query
from tests.figures import CPU, MEMORY, MIDNIGHT, samples, series

pytestmark = pytest.mark.django_db
NOW = float(MIDNIGHT)
YEAR_9999 = 253_402_214_400.0


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (NOW, NOW - 1, "later than the start"),
        (NOW, NOW, "later than the start"),
        (NOW - 60, YEAR_9999, "in the future"),
        (YEAR_9999, YEAR_9999 + 60, "in the future"),
        (-1.0, NOW, "before 1970"),
        (0.0, NOW, "longer than 20 years"),
        (math.nan, NOW, "must be times"),
        (NOW - 60, math.inf, "must be times"),
    ],
)
def test_a_range_that_is_none_is_refused_in_words(start: float, end: float, words: str) -> None:
    series()
    with pytest.raises(QueryError, match=words):
        query([CPU.key], start, end, now=NOW)


@pytest.mark.parametrize("points", [0, 1, -1, 1501])
def test_a_number_of_points_out_of_bounds_is_refused(points: int) -> None:
    series()
    with pytest.raises(QueryError, match="2 to 1,500 points"):
        query([CPU.key], NOW - 60, NOW, points, now=NOW)


def test_no_series_and_too_many_are_refused() -> None:
    with pytest.raises(QueryError, match="at least one"):
        query([], NOW - 60, NOW, now=NOW)
    with pytest.raises(QueryError, match="these are 65"):
        query([f"host/{n}" for n in range(65)], NOW - 60, NOW, now=NOW)


def test_a_series_nobody_knows_is_named() -> None:
    series()
    with pytest.raises(UnknownSeries, match="no series host/nonsense"):
        query([CPU.key, "host/nonsense"], NOW - 60, NOW, now=NOW)


def test_a_series_named_twice_is_answered_once() -> None:
    samples([MIDNIGHT - 60])
    assert list(query([CPU.key, CPU.key], NOW - 60, NOW, now=NOW).series) == [CPU.key]


def test_a_range_without_figures_is_all_gaps() -> None:
    series()
    columns = query([CPU.key], NOW - 60, NOW, now=NOW).series[CPU.key]
    assert columns.avg == columns.min == columns.max == [None] * 6
    summary = columns.summary
    assert (summary.now, summary.min, summary.avg, summary.max) == (None, None, None, None)


def test_known_series_are_found_by_their_source() -> None:
    series(MEMORY)
    series(CPU)
    assert known_series() == [CPU, MEMORY]
    assert known_series("host") == [CPU, MEMORY] and known_series("gpu") == []
