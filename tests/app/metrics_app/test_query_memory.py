"""The last hour is read from memory, as far as memory has it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from metrics_app.hour import hour
from metrics_app.query import latest, query
from tests.figures import CPU, MIDNIGHT, rollups, sampled, samples

pytestmark = pytest.mark.django_db
HOUR = 3_600
NOW = MIDNIGHT + HOUR
CORE = replace(CPU, name="core_ratio", label="0", kept=False)


def remembered(start: int, end: int) -> None:
    for second in range(start, end):
        value = float(second - MIDNIGHT)
        hour.add(sampled(second + 0.2, {CPU: value, CORE: value}))


def test_the_hour_is_answered_with_seconds() -> None:
    remembered(NOW - 700, NOW)
    answer = query([CPU.key], NOW - 600, NOW, now=NOW)
    assert (answer.tier, answer.step, answer.start) == ("1s", 1, NOW - 600)
    assert answer.series[CPU.key].avg == [float(second) for second in range(3_000, 3_600)]


def test_a_whole_hour_is_five_seconds_a_bucket_of_720() -> None:
    remembered(MIDNIGHT - 10, NOW)
    answer = query([CPU.key], MIDNIGHT, NOW, now=NOW)
    columns = answer.series[CPU.key]
    assert (answer.tier, answer.step, len(columns.avg)) == ("1s", 5, 720)
    assert (columns.avg[100], columns.min[100], columns.max[100]) == (502.0, 500.0, 504.0)


def test_only_seconds_tell_a_percentile() -> None:
    remembered(NOW - 100, NOW)
    assert query([CPU.key], NOW - 100, NOW, now=NOW).series[CPU.key].summary.p95 == 3_594.0
    samples([NOW - 7_200])
    summary = query([CPU.key], NOW - 7_200, NOW, now=NOW).series[CPU.key].summary
    assert summary.p95 is None and summary.max == 3_599.0


def test_what_memory_does_not_reach_is_read_from_rows_and_the_rest_from_memory() -> None:
    samples(range(NOW - 1_800, NOW - 60, 10), avg=1.0)
    remembered(NOW - 120, NOW)
    answer = query([CPU.key], NOW - 1_800, NOW, now=NOW)
    columns = answer.series[CPU.key]
    assert (answer.tier, answer.step) == ("10s", 10)
    assert columns.avg[:174] == [1.0] * 174  # up to the last row
    assert columns.avg[174:] == [3_544.5 + 10 * n for n in range(6)]


def test_what_lives_in_memory_only_is_answered_too() -> None:
    remembered(NOW - 120, NOW)
    columns = query([CORE.key], NOW - 1_800, NOW, now=NOW).series[CORE.key]
    assert columns.avg[:168] == [None] * 168 and columns.avg[-1] == 3_594.5


def test_coarse_charts_of_what_lives_in_memory_only_have_its_hour() -> None:
    remembered(NOW - 120, NOW)
    columns = query([CORE.key], NOW - 30 * 86_400, NOW, now=NOW).series[CORE.key]
    assert columns.avg[-2:].count(None) == 1


def test_the_newest_values_are_those_in_memory() -> None:
    samples([NOW - 20], avg=5.0)
    remembered(NOW - 3, NOW)
    newest = latest(NOW)
    assert newest.at == NOW - 1 + 0.2 and newest.values == {CPU.key: 3_599.0, CORE.key: 3_599.0}


def test_without_memory_the_newest_rows_tell() -> None:
    samples([NOW - 40, NOW - 20], avg=5.0)
    newest = latest(NOW)
    assert (newest.at, newest.values) == (NOW - 10, {CPU.key: 5.0})


def test_nothing_older_than_a_minute_is_the_newest() -> None:
    samples([NOW - 90])
    remembered(NOW - 200, NOW - 100)
    assert (latest(NOW).at, latest(NOW).values) == (None, {})


def test_a_series_that_has_fallen_silent_has_no_value_now() -> None:
    samples(range(NOW - 7_200, NOW - 3_600, 10))
    rollups(60, range(NOW - 7_200, NOW - 3_600, 60))
    summary = query([CPU.key], NOW - 7_200, NOW, now=NOW).series[CPU.key].summary
    assert summary.now is None and summary.avg == 1.0


def test_a_range_of_the_past_ends_with_the_value_of_its_end() -> None:
    samples(range(NOW - 7_200, NOW, 10), avg=2.0)
    summary = query([CPU.key], NOW - 7_200, NOW - 3_600, now=NOW).series[CPU.key].summary
    assert summary.now == 2.0
