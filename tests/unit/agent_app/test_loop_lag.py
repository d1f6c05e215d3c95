from __future__ import annotations

import asyncio
import threading

from agent_app.loop_lag import LoopLag


def block(seconds: float) -> None:
    """Keeps the event loop from doing anything else."""
    threading.Event().wait(seconds)


async def due_timers() -> None:
    """Timers that are due run in the round after the one that finds them."""
    for _ in range(2):
        await asyncio.sleep(0)


async def test_a_blocked_loop_is_seen_by_its_timer() -> None:
    lag = LoopLag()
    lag.start()
    block(0.5)
    await due_timers()
    largest = lag.take()
    lag.stop()
    assert largest is not None
    assert largest > 0.15


async def test_a_loop_that_still_hangs_is_seen_from_another_thread() -> None:
    lag = LoopLag()
    lag.start()
    seen: list[float | None] = []
    looking = threading.Timer(0.5, lambda: seen.append(lag.take()))
    looking.start()
    looking.join()  # blocks the loop until the other thread has looked
    lag.stop()
    assert seen[0] is not None
    assert seen[0] > 0.15


async def test_what_was_taken_begins_anew() -> None:
    lag = LoopLag()
    lag.start()
    block(0.5)
    await due_timers()
    first = lag.take()
    second = lag.take()
    lag.stop()
    assert first is not None
    assert second is not None
    assert second < first


async def test_before_and_after_it_runs_the_lag_is_unknown() -> None:
    lag = LoopLag()
    assert lag.take() is None
    lag.start()
    assert lag.take() is not None
    lag.stop()
    assert lag.take() is None
