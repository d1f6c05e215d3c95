from __future__ import annotations

from metrics_app.core.metric import Metric
from metrics_app.core.ring import SECONDS, Ring

LOAD = Metric("host", "load_1", "count")
GONE = Metric("host", "disk_used_bytes", "bytes", "/mnt/usb")


def test_a_series_that_disappeared_is_forgotten_after_an_hour() -> None:
    ring = Ring()
    ring.add(5000, {LOAD: 1.0, GONE: 1.0})
    for second in range(5001, 5000 + SECONDS):
        ring.add(second, {LOAD: 1.0, GONE: None})
    assert ring.metrics() == [LOAD, GONE]
    for second in range(5000 + SECONDS, 5120 + SECONDS):
        ring.add(second, {LOAD: 1.0})
    assert ring.metrics() == [LOAD]


def test_a_series_without_a_value_takes_no_place() -> None:
    ring = Ring()
    ring.add(5000, {LOAD: None})
    assert ring.metrics() == []


def test_series_beyond_the_most_are_dropped_and_counted() -> None:
    ring = Ring(most_series=1)
    for second in (5000, 5001):
        ring.add(second, {LOAD: 1.0, GONE: 2.0})
    assert ring.metrics() == [LOAD]
    assert ring.n_dropped == 2


def test_nothing_is_covered_before_the_first_value() -> None:
    assert not Ring().covers(0)


def test_what_was_before_the_first_value_is_not_covered() -> None:
    ring = Ring()
    ring.add(5000, {LOAD: 1.0})
    assert ring.covers(5000)
    assert not ring.covers(4999.5)


def test_an_hour_at_most_is_covered() -> None:
    ring = Ring()
    ring.add(5000, {LOAD: 1.0})
    ring.add(9000, {LOAD: 1.0})
    assert ring.covers(9001 - SECONDS)
    assert not ring.covers(9000 - SECONDS)


def test_after_the_clock_was_set_back_what_was_overwritten_is_not_covered() -> None:
    ring = Ring()
    for second in (1000, 9000):
        ring.add(second, {LOAD: 1.0})
    ring.add(7000, {LOAD: 1.0})
    assert ring.covers(9001 - SECONDS)
    assert not ring.covers(9000 - SECONDS)  # only the database has it


def test_after_the_clock_was_set_far_back_memory_begins_anew() -> None:
    ring = Ring()
    ring.add(9000, {LOAD: 1.0})
    ring.add(2000, {LOAD: 1.0})
    assert ring.covers(2000)
    assert not ring.covers(1999)
