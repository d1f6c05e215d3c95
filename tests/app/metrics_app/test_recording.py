"""Readings of a second become rows of ten."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from metrics_app.models import Sample, Series
from metrics_app.recording import Recorder
from tests.figures import CPU, MEMORY, MIDNIGHT, feed, sampled

pytestmark = pytest.mark.django_db


@pytest.fixture
def recorder() -> Recorder:
    recorder = Recorder()
    assert recorder.start()
    return recorder


def rows() -> list[tuple[int, int, float, float, float]]:
    return list(Sample.objects.order_by("at").values_list("at", "n", "avg", "min", "max"))


def test_ten_seconds_are_one_row_with_average_minimum_and_maximum(recorder: Recorder) -> None:
    feed(recorder, MIDNIGHT, MIDNIGHT + 11, lambda at: float(at % 10))
    assert rows() == [(MIDNIGHT, 10, 4.5, 0.0, 9.0)]
    assert recorder.n_written == 1


def test_a_row_is_due_when_its_ten_seconds_are_over(recorder: Recorder) -> None:
    for second in range(10):
        recorder.add(sampled(MIDNIGHT + second, {CPU: 1.0}))
    due_before = recorder.is_due
    recorder.add(sampled(MIDNIGHT + 10, {CPU: 1.0}))
    assert (due_before, recorder.is_due, recorder.n_pending) == (False, True, 1)


def test_a_series_is_made_once_with_all_that_is_known_of_it(recorder: Recorder) -> None:
    feed(recorder, MIDNIGHT, MIDNIGHT + 31, 1.0)
    (series,) = Series.objects.all()
    assert (series.key, series.source, series.name) == (CPU.key, "host", "cpu_ratio")
    assert (series.label, series.unit) == ("", "ratio")


def test_what_is_not_known_makes_no_row(recorder: Recorder) -> None:
    feed(recorder, MIDNIGHT, MIDNIGHT + 11, None)
    assert rows() == [] and not recorder.is_due


def test_seconds_without_a_value_are_not_counted(recorder: Recorder) -> None:
    feed(recorder, MIDNIGHT, MIDNIGHT + 11, lambda at: 1.0 if at % 2 else None)
    assert rows() == [(MIDNIGHT, 5, 1.0, 1.0, 1.0)]


def test_what_lives_in_memory_only_is_not_written(recorder: Recorder) -> None:
    core = replace(CPU, name="core_ratio", label="0", kept=False)
    for second in range(11):
        recorder.add(sampled(MIDNIGHT + second, {core: 1.0}))
    assert not recorder.is_due


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308])
def test_what_is_no_number_never_reaches_a_row(recorder: Recorder, value: float) -> None:
    feed(recorder, MIDNIGHT, MIDNIGHT + 11, lambda at: value if at == MIDNIGHT else 2.0)
    assert rows() == [(MIDNIGHT, 9, 2.0, 2.0, 2.0)]
    assert recorder.n_refused == 1


@pytest.mark.parametrize("label", ["x" * 201, "nul\0"])
def test_a_name_that_cannot_be_stored_keeps_nothing_else_from_it(
    recorder: Recorder, label: str
) -> None:
    hostile = replace(MEMORY, label=label)
    for second in range(11):
        recorder.add(sampled(MIDNIGHT + second, {CPU: 1.0, hostile: 1.0}))
    assert recorder.write()
    assert [series.key for series in Series.objects.all()] == [CPU.key]


def test_series_are_bounded(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics_app.series_ids.MOST_SERIES", 3)
    values = {replace(MEMORY, label=str(number)): 1.0 for number in range(5)}
    for second in range(11):
        recorder.add(sampled(MIDNIGHT + second, dict(values)))
    assert recorder.write()
    assert Series.objects.count() == Sample.objects.count() == 3


def test_at_the_end_what_has_begun_is_written_too(recorder: Recorder) -> None:
    feed(recorder, MIDNIGHT, MIDNIGHT + 4, 1.0)
    assert recorder.finish()
    assert rows() == [(MIDNIGHT, 4, 1.0, 1.0, 1.0)]


def test_a_restart_within_ten_seconds_loses_nothing(recorder: Recorder) -> None:
    feed(recorder, MIDNIGHT, MIDNIGHT + 4, 9.0)
    recorder.finish()
    successor = Recorder()
    successor.start()
    feed(successor, MIDNIGHT + 5, MIDNIGHT + 11, 0.0)
    assert rows() == [(MIDNIGHT, 9, 4.0, 0.0, 9.0)]
