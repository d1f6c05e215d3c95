from __future__ import annotations

import math
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from metrics_app.core.metric import Metric
from metrics_app.core.ring import SECONDS, Ring

LOAD = Metric("host", "load_1", "count")
OTHER = Metric("host", "load_5", "count")


def known(values: Iterable[float]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values]


def filled(seconds: Iterable[int]) -> Ring:
    """Each second's value is its last three digits."""
    ring = Ring()
    for second in seconds:
        ring.add(second, {LOAD: second % 1000})
    return ring


def test_what_was_added_is_read_and_the_rest_is_unknown() -> None:
    ring = filled([5001, 5002, 5004])
    assert known(ring.read(LOAD.key, 5000, 5006)) == [None, 1, 2, None, 4, None]


def test_a_series_that_is_not_known_has_no_values() -> None:
    assert known(filled([5000]).read("host/unknown", 4999, 5002)) == [None, None, None]
    assert known(Ring().read(LOAD.key, 0, 2)) == [None, None]


def test_a_range_over_the_seam_is_in_order() -> None:
    seam = 10 * SECONDS
    ring = filled(range(seam - 3, seam + 3))
    assert known(ring.read(LOAD.key, seam - 2, seam + 2)) == [998, 999, 0, 1]


def test_an_hour_is_kept_and_no_more() -> None:
    ring = filled(range(5000, 5000 + SECONDS + 10))
    assert known(ring.read(LOAD.key, 5008, 5012)) == [None, None, 10, 11]
    whole = ring.read(LOAD.key, 5010, 5010 + SECONDS)
    assert len(whole) == SECONDS
    assert None not in known(whole)


def test_a_second_without_a_value_is_a_gap() -> None:
    ring = filled([5000])
    ring.add(5001, {LOAD: None, OTHER: 1.0})
    assert known(ring.read(LOAD.key, 5000, 5002)) == [0, None]


def test_an_old_value_does_not_come_back_an_hour_later() -> None:
    ring = filled([5000])
    ring.add(5000 + SECONDS, {OTHER: 1.0})
    assert known(ring.read(LOAD.key, 5000 + SECONDS, 5001 + SECONDS)) == [None]


def test_what_is_read_is_a_copy() -> None:
    ring = filled([5000])
    values = ring.read(LOAD.key, 5000, 5001)
    ring.add(5000, {LOAD: 7.0})
    assert known(values) == [0]


def test_a_clock_set_back_an_hour_leaves_nothing_in_the_future() -> None:
    ring = filled(range(9000, 9100))
    ring.add(9099 - SECONDS, {LOAD: 7.0})
    assert known(ring.read(LOAD.key, 9000, 9100)) == [None] * 100
    assert known(ring.read(LOAD.key, 9099 - SECONDS, 9100 - SECONDS)) == [7]


def test_a_clock_set_back_a_minute_keeps_what_came_before() -> None:
    ring = filled(range(9000, 9100))
    ring.add(9040, {LOAD: 7.0})
    assert known(ring.read(LOAD.key, 9038, 9043)) == [38, 39, 7, None, None]


def test_a_clock_set_forward_a_day_leaves_a_gap() -> None:
    ring = filled(range(9000, 9100))
    ring.add(9099 + 86400, {LOAD: 7.0})
    assert known(ring.read(LOAD.key, 9000, 9100)) == [None] * 100
    values = known(ring.read(LOAD.key, 9100 + 86400 - SECONDS, 9100 + 86400))
    assert values == [None] * (SECONDS - 1) + [7]


Steps = st.lists(st.integers(-2 * SECONDS, 2 * SECONDS), min_size=1, max_size=20)


@given(Steps, st.integers(0, SECONDS), st.integers(0, SECONDS + 5))
def test_however_the_clock_moves_only_true_values_are_read(
    steps: list[int], back: int, length: int
) -> None:
    ring, truth, now = Ring(), dict[int, float](), 100 * SECONDS
    for number, step in enumerate(steps):
        now += step
        truth = {at: value for at, value in truth.items() if now - SECONDS < at < now}
        truth[now] = number
        ring.add(now, {LOAD: number})
    start = now - back
    expected = [truth.get(second) for second in range(start, start + length)]
    assert known(ring.read(LOAD.key, start, start + length)) == expected
