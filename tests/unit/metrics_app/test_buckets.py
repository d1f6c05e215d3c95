from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_app.core.buckets import (
    MOST,
    Bucket,
    Gathering,
    Merging,
    is_storable,
    percentile,
    start_of,
)

numbers = st.floats(-1e15, 1e15, allow_nan=False)


def gathered(values: list[float], at: int = 0, seconds: int = 10) -> Bucket:
    gathering = Gathering()
    for value in values:
        gathering.add(value)
    return gathering.bucket(at, seconds)


def test_a_bucket_starts_at_a_multiple_of_its_length() -> None:
    assert [start_of(at, 60) for at in (119.9, 120, 179.999)] == [60, 120, 120]


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf, MOST, -MOST, 1e308])
def test_what_is_no_number_of_this_world_is_not_storable(value: float | None) -> None:
    assert not is_storable(value)


def test_a_spike_stays_in_the_maximum() -> None:
    assert gathered([0, 0, 9, 0]) == Bucket(0, 4, 2.25, 0, 9)


def test_a_bucket_has_no_more_seconds_than_it_lasts() -> None:
    assert gathered([1.0] * 23).n == 10


@given(st.lists(numbers, min_size=1))
def test_an_average_lies_between_minimum_and_maximum(values: list[float]) -> None:
    bucket = gathered(values)
    assert bucket.min <= bucket.avg <= bucket.max


@given(st.lists(st.lists(st.integers(-1000, 1000), min_size=1, max_size=10), min_size=1))
def test_merged_buckets_say_what_all_their_values_say(parts: list[list[int]]) -> None:
    merging = Merging(0, 1000, 1)
    for number, part in enumerate(parts):
        merging.add(*gathered(list(map(float, part)), at=number))
    values = [value for part in parts for value in part]
    assert merging.n == [len(values)]
    assert merging.averages() == [pytest.approx(sum(values) / len(values))]
    assert (merging.min, merging.max) == ([min(values)], [max(values)])


def test_a_grid_leaves_out_what_lies_outside_and_has_gaps() -> None:
    merging = Merging(100, 10, 3)
    for at in (99, 100, 125, 130):
        merging.add(at, 1, float(at), float(at), float(at))
    assert merging.averages() == [100.0, None, 125.0]
    assert merging.min == [100.0, None, 125.0]


def test_seconds_are_laid_into_the_buckets_of_the_grid() -> None:
    merging = Merging(0, 5, 2)
    merging.lay(array("f", [1, 2, 3, 4, 5, 6, 7]), start=3)
    assert (merging.n, merging.averages()) == ([2, 5], [1.5, 5.0])
    assert (merging.min, merging.max) == ([1.0, 3.0], [2.0, 7.0])


def test_a_second_without_a_value_weighs_nothing_and_an_empty_bucket_is_unknown() -> None:
    nan, merging = math.nan, Merging(0, 3, 2)
    merging.lay(array("f", [1, nan, 3, nan, nan, nan]), start=0)
    assert (merging.n, merging.averages()) == ([2, 0], [2.0, None])
    assert (merging.min, merging.max) == ([1.0, None], [3.0, None])


seconds = st.lists(st.one_of(st.integers(-100, 100).map(float), st.just(math.nan)), max_size=40)


@given(seconds, st.integers(-20, 60), st.integers(1, 12), st.booleans())
def test_laying_is_adding_second_by_second(
    values: list[float], start: int, step: int, begun: bool
) -> None:
    laid, added = Merging(0, step, 4), Merging(0, step, 4)
    if begun:
        laid.add(step, 1, 50.0, 50.0, 50.0)
        added.add(step, 1, 50.0, 50.0, 50.0)
    laid.lay(values, start)
    for second, value in enumerate(values, start):
        if not math.isnan(value):
            added.add(second, 1, value, value, value)
    assert laid == added


def test_a_percentile_ignores_what_is_missing() -> None:
    assert percentile([*map(float, range(1, 101)), math.nan], 95) == 95
    assert percentile([7.0], 95) == 7
    assert percentile([math.nan], 95) is None
