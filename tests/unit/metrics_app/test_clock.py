from __future__ import annotations

import pytest

from tests.fakes.sampling import SetTime


def test_the_first_tick_knows_of_no_time_that_passed() -> None:
    time = SetTime(wall=1000.0, monotonic=7.0)
    assert time.clock().tick() == (1000.0, 7.0, None, 0.0)


def test_time_passes_by_the_clock_nobody_sets() -> None:
    time = SetTime()
    clock = time.clock()
    clock.tick()
    time.monotonic += 1.0
    time.wall += 1.5  # slewed
    tick = clock.tick()
    assert (tick.elapsed_seconds, tick.jump_seconds) == (1.0, 0.0)


@pytest.mark.parametrize("jump", [-3600.0, 86400.0, 600.0, -2.5])
def test_a_clock_that_was_set_is_told_once(jump: float) -> None:
    time = SetTime()
    clock = time.clock()
    clock.tick()
    time.passes(1.0)
    time.wall += jump
    tick = clock.tick()
    assert tick.elapsed_seconds == 1.0
    assert tick.jump_seconds == pytest.approx(jump)
    time.passes(1.0)
    assert clock.tick().jump_seconds == 0.0


def test_a_process_that_was_stopped_is_no_jump() -> None:
    time = SetTime()
    clock = time.clock()
    clock.tick()
    time.passes(600.0)
    tick = clock.tick()
    assert (tick.elapsed_seconds, tick.jump_seconds) == (600.0, 0.0)
