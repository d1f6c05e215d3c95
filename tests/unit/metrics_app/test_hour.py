from __future__ import annotations

import math
import threading
from array import array

from metrics_app.core.metric import Metric
from metrics_app.hour import Hour
from metrics_app.sampled import Sampled

LOAD = Metric("host", "load_1", "count")


def sampled(at: float, value: float | None = 1.0) -> Sampled:
    return Sampled(at, 1.0, {LOAD: value})


def test_a_tick_belongs_to_the_second_it_is_in() -> None:
    hour = Hour()
    hour.add(sampled(5000.005, 3.0))
    hour.add(sampled(5001.999, 4.0))
    assert [*hour.read(LOAD.key, 5000, 5002)] == [3.0, 4.0]
    assert hour.covers(5000)
    assert hour.metrics() == [LOAD]


def test_the_newest_tick_is_there_as_it_was_read() -> None:
    hour = Hour()
    assert hour.newest() is None
    hour.add(sampled(5000.0, None))
    assert hour.newest() == sampled(5000.0, None)


def test_a_cleared_hour_knows_nothing() -> None:
    hour = Hour()
    hour.add(sampled(5000.0))
    hour.clear()
    assert (hour.newest(), hour.metrics(), hour.covers(5000)) == (None, [], False)
    assert math.isnan(hour.read(LOAD.key, 5000, 5001)[0])


def test_what_is_read_in_one_thread_while_another_adds_is_of_one_moment() -> None:
    """Values only grow: a read that saw half of a change would show one out of order."""
    hour, stop = Hour(), threading.Event()

    def add() -> None:
        second = 5000
        while not stop.is_set():
            hour.add(sampled(second, second))
            second += 1

    writer = threading.Thread(target=add)
    writer.start()
    try:
        for _ in range(300):
            newest = hour.newest()
            end = int(newest.at) + 1 if newest else 5000
            values = hour.read(LOAD.key, end - 3600, end)
            assert isinstance(values, array)
            known = [value for value in values if not math.isnan(value)]
            assert known == sorted(known)
            assert len(values) == 3600
    finally:
        stop.set()
        writer.join()
