from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine_app.core.backoff import SOUND_SECONDS, CrashLoop


def middle() -> float:
    return 0.5


def failing(times: list[float], ready_seconds: float = 0.0) -> CrashLoop:
    loop = CrashLoop()
    for now in times:
        loop.failed(now, ready_seconds)
    return loop


def test_the_delay_doubles_up_to_a_minute() -> None:
    loop, delays = CrashLoop(), []
    for n in range(9):
        loop.failed(n * 1000.0, 0.0)
        delays.append(loop.delay_seconds(middle))
    assert delays == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_jitter_stays_within_a_fifth(failures: int, number: float) -> None:
    loop = CrashLoop(failures)
    plain = loop.delay_seconds(middle)
    assert 0.8 * plain <= loop.delay_seconds(lambda: number) <= 1.2 * plain <= 72


def test_five_failures_within_a_minute_are_hopeless() -> None:
    assert not failing([0, 1, 3, 7]).is_hopeless
    assert failing([0, 1, 3, 7, 15]).is_hopeless


def test_five_failures_over_a_longer_time_are_not() -> None:
    assert not failing([0, 20, 40, 60, 80]).is_hopeless


def test_ten_failures_in_a_row_are_hopeless_however_slow() -> None:
    assert not failing([100.0 * n for n in range(9)]).is_hopeless
    assert failing([100.0 * n for n in range(10)]).is_hopeless


def test_what_an_earlier_process_counted_is_part_of_the_row() -> None:
    loop = CrashLoop(9)
    loop.failed(0, 0)
    assert loop.is_hopeless


def test_long_service_in_between_ends_the_row() -> None:
    loop = failing([100.0 * n for n in range(9)])
    loop.failed(10_000, SOUND_SECONDS)
    assert not loop.is_hopeless


def test_an_engine_that_was_ready_for_long_begins_anew() -> None:
    loop = failing([0, 1, 3, 7])
    loop.failed(15, SOUND_SECONDS)
    assert (loop.failures, loop.is_hopeless) == (1, False)


def test_what_an_earlier_process_counted_is_not_forgotten() -> None:
    loop = CrashLoop(4)
    loop.failed(0, 0)
    assert loop.delay_seconds(middle) == 16
