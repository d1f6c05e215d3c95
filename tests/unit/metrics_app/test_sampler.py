from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterator

import pytest

from metrics_app.core.metric import Metric
from metrics_app.sampler import Sampled, Sampler
from tests.fakes.sampling import LOAD, Giving, Hanging, SetTime
from tests.fakes.serving import wait_until

FREE = Metric("host", "disk_used_bytes", "bytes", "/")


@pytest.fixture
def time() -> SetTime:
    return SetTime()


@pytest.fixture
def sampler(time: SetTime) -> Iterator[Sampler]:
    sampler = Sampler(clock=time.clock())
    yield sampler
    sampler.close()


async def next_tick(sampler: Sampler, time: SetTime, seconds: float = 1.0) -> Sampled:
    time.passes(seconds)
    sampled = await sampler.tick()
    assert sampled is not None
    return sampled


async def test_a_tick_has_the_values_of_all_sources(sampler: Sampler, time: SetTime) -> None:
    sampler.add(Giving())
    sampler.add(Giving({FREE: 7}, name="disks"))
    first = await next_tick(sampler, time)
    assert first.values == {LOAD: 1.5, FREE: 7}
    assert (first.at, first.elapsed_seconds) == (time.wall, None)
    assert (await next_tick(sampler, time)).elapsed_seconds == 1.0


async def test_without_sources_a_tick_is_empty(sampler: Sampler, time: SetTime) -> None:
    assert (await next_tick(sampler, time)).values == {}


async def test_slow_figures_are_carried_over_to_the_ticks_between(
    sampler: Sampler, time: SetTime
) -> None:
    source = Giving(unwatched_seconds=10.0)
    sampler.add(source)
    for _ in range(21):
        assert (await next_tick(sampler, time)).values == {LOAD: 1.5}
    assert len(source.ticks) == 3


async def test_a_slow_source_is_read_more_often_while_it_is_watched(
    sampler: Sampler, time: SetTime
) -> None:
    source, watched = Giving(seconds=2.0, unwatched_seconds=10.0), {"host"}
    sampler.watch_by(watched.__contains__)
    sampler.add(source)
    for _ in range(10):
        await next_tick(sampler, time)
    assert len(source.ticks) == 5
    watched.clear()
    for _ in range(10):
        await next_tick(sampler, time)
    assert len(source.ticks) == 6


async def test_what_is_read_only_while_it_is_watched_is_unknown_else(
    sampler: Sampler, time: SetTime
) -> None:
    source, watched = Giving(seconds=2.0, unwatched_seconds=math.inf), {"host"}
    sampler.watch_by(watched.__contains__)
    sampler.add(source)
    values = [(await next_tick(sampler, time)).values for _ in range(3)]
    assert values == [{LOAD: 1.5}] * 3
    watched.clear()
    for _ in range(3):
        last = await next_tick(sampler, time)
    assert last.values == {LOAD: None}
    assert len(source.ticks) == 2


async def test_what_nobody_ever_watched_was_never_read(sampler: Sampler, time: SetTime) -> None:
    source = Giving(unwatched_seconds=math.inf)
    sampler.add(source)
    assert (await next_tick(sampler, time)).values == {}
    assert source.ticks == []


async def test_ticks_that_are_a_little_early_read_all_the_same(
    sampler: Sampler, time: SetTime
) -> None:
    source = Giving()
    sampler.add(source)
    for seconds in (1.0, 0.99, 0.98):
        await next_tick(sampler, time, seconds)
    assert len(source.ticks) == 3


async def test_sources_come_and_go_at_run_time(sampler: Sampler, time: SetTime) -> None:
    sampler.add(Giving())
    sampler.add(Giving({FREE: 7}, name="disks"))
    await next_tick(sampler, time)
    sampler.remove("giving")
    sampler.remove("unknown")
    assert (await next_tick(sampler, time)).values == {FREE: 7}
    sampler.add(Giving({FREE: 8}, name="disks"))
    assert (await next_tick(sampler, time)).values == {FREE: 8}


async def test_a_tick_during_a_tick_is_skipped_and_counted(sampler: Sampler, time: SetTime) -> None:
    source = Hanging()
    sampler.add(source)
    running = asyncio.create_task(next_tick(sampler, time))
    await asyncio.to_thread(source.begun.wait)
    assert await sampler.tick() is None
    assert sampler.n_skipped == 1
    source.free.set()
    assert (await running).values == {LOAD: 1.5}


async def test_a_tick_that_was_called_off_does_not_stop_later_ones(
    sampler: Sampler, time: SetTime
) -> None:
    source = Hanging()
    sampler.add(source)
    running = asyncio.create_task(next_tick(sampler, time))
    await asyncio.to_thread(source.begun.wait)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    source.free.set()
    await asyncio.to_thread(wait_until, sampler._is_free, "the end of the round")
    assert (await next_tick(sampler, time)).values == {LOAD: 1.5}


@pytest.mark.parametrize("jump", [-3600.0, 86400.0])
async def test_a_clock_that_was_set_is_told_and_nothing_waits_for_it(
    sampler: Sampler, time: SetTime, jump: float, caplog: pytest.LogCaptureFixture
) -> None:
    source = Giving(unwatched_seconds=10.0)
    sampler.add(source)
    await next_tick(sampler, time)
    time.wall += jump
    sampled = await next_tick(sampler, time, 10.0)
    assert sampled.clock_jump_seconds == pytest.approx(jump)
    assert (sampled.elapsed_seconds, sampled.at) == (10.0, time.wall)
    assert len(source.ticks) == 2
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert f"{jump:+.0f} s" in caplog.text
