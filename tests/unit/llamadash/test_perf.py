from __future__ import annotations

import asyncio
import logging
import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamadash import perf
from llamadash.perf import Monitor, percentile, timed


@pytest.fixture(autouse=True)
def _usual_threshold() -> object:
    perf.monitor.slow_seconds = 0.1
    yield
    perf.monitor.slow_seconds = 0.1


def summary_of(name: str) -> perf.Summary:
    return next(each for each in perf.monitor.summaries() if each.name == name)


def test_a_block_is_counted() -> None:
    for _ in range(3):
        with timed("work"):
            pass
    assert summary_of("work").count == 3


def test_a_function_keeps_its_name_and_result() -> None:
    @timed("double")
    def double(number: int) -> int:
        return 2 * number

    assert double(21) == 42
    assert double.__name__ == "double"
    assert summary_of("double").count == 1


async def test_a_coroutine_is_timed_until_it_ends() -> None:
    @timed("async work")
    async def work() -> str:
        await asyncio.sleep(0)
        return "done"

    assert await work() == "done"
    assert summary_of("async work").count == 1


async def test_an_async_block_is_timed() -> None:
    async with timed("async block"):
        await asyncio.sleep(0)
    assert summary_of("async block").count == 1


def test_an_error_is_counted_and_passes_through() -> None:
    with pytest.raises(ValueError, match="no"), timed("failing"):
        raise ValueError("no")
    assert summary_of("failing").errors == 1


def test_a_cancelled_wait_is_no_error() -> None:
    with pytest.raises(GeneratorExit), timed("called off"):
        raise GeneratorExit
    assert summary_of("called off").errors == 0


def test_a_slow_operation_is_logged_with_its_name_and_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    perf.monitor.slow_seconds = 0.0
    with caplog.at_level(logging.WARNING), pytest.raises(KeyError), timed("lookup"):
        raise KeyError("missing")
    assert "slow: lookup took" in caplog.text
    assert "KeyError: 'missing'" in caplog.text


def test_what_is_fast_enough_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    perf.monitor.slow_seconds = 3600.0
    with timed("fast"):
        pass
    assert caplog.text == ""


def test_recursion_counts_each_call() -> None:
    @timed("down")
    def down(depth: int) -> int:
        return depth and down(depth - 1)

    down(4)
    assert summary_of("down").count == 5


def test_threads_lose_no_count() -> None:
    monitor = Monitor()

    def work() -> None:
        for _ in range(500):
            monitor.record("x", 0.001)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert monitor.summaries()[0].count == 2000


def test_names_beyond_the_bound_share_one_record() -> None:
    monitor = Monitor()
    for number in range(perf.MAX_NAMES + 10):
        monitor.record(f"name {number}", 0.0)
    assert len(monitor.summaries()) <= perf.MAX_NAMES + 1
    assert sum(each.count for each in monitor.summaries()) == perf.MAX_NAMES + 10


def test_percentiles_follow_the_latest_calls() -> None:
    monitor = Monitor()
    for _ in range(perf.RECENT):
        monitor.record("x", 9.0)
    for _ in range(perf.RECENT):
        monitor.record("x", 1.0)
    assert monitor.summaries()[0].p99_seconds == 1.0
    assert monitor.summaries()[0].max_seconds == 9.0


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1.0))
def test_a_percentile_is_a_value_that_occurred(values: list[float], quantile: float) -> None:
    found = percentile(sorted(values), quantile)
    assert found in values
    assert sum(value <= found for value in values) >= quantile * len(values) - 1e-9


def test_no_value_has_no_percentile() -> None:
    assert math.isnan(percentile([], 0.5))


def test_a_request_collects_its_operations() -> None:
    with perf.request_spans() as spans:
        with timed("db"):
            pass
        with timed("db"):
            pass
    with timed("later"):
        pass
    assert list(spans) == ["db"]


def test_server_timing_is_in_milliseconds() -> None:
    assert perf.server_timing(0.25, {"models.list": 0.1}) == (
        "total;dur=250.0, models-list;dur=100.0"
    )


def test_an_operation_may_know_itself_what_is_slow_for_it() -> None:
    perf.monitor.slow_seconds = 0.0
    with timed("scan", slow_seconds=3600.0):
        pass
    assert summary_of("scan").slow == 0
