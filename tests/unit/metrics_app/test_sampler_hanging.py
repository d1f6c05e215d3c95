from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from metrics_app.core.metric import Metric
from metrics_app.sampler import Sampler
from tests.fakes.sampling import LOAD, Giving, Hanging, SetTime
from tests.fakes.serving import wait_until
from tests.unit.metrics_app.test_sampler import next_tick

FREE = Metric("host", "disk_used_bytes", "bytes", "/")
SWAP = Metric("host", "swap_used_bytes", "bytes")
DEADLINE = 0.3  # long enough for a busy machine to get to the sources that do not hang


@pytest.fixture
def time() -> SetTime:
    return SetTime()


@pytest.fixture
def source() -> Iterator[Hanging]:
    source = Hanging({FREE: 7}, hangs=False)
    yield source
    source.free.set()


@pytest.fixture
def sampler(time: SetTime, source: Hanging) -> Iterator[Sampler]:
    sampler = Sampler(clock=time.clock(), deadline_seconds=DEADLINE)
    sampler.add(Giving())
    sampler.add(source)
    sampler.add(Giving({SWAP: 0}, name="swap"))
    yield sampler
    sampler.close()


async def test_the_tick_ends_at_its_deadline_and_the_next_one_reads_the_others(
    sampler: Sampler, time: SetTime, source: Hanging
) -> None:
    await next_tick(sampler, time)
    source.hangs = True
    assert (await next_tick(sampler, time)).values == {LOAD: 1.5, FREE: None, SWAP: None}
    for _ in range(3):
        assert (await next_tick(sampler, time)).values == {LOAD: 1.5, FREE: None, SWAP: 0}


async def test_it_is_not_called_again_while_its_call_has_not_returned(
    sampler: Sampler, time: SetTime, source: Hanging
) -> None:
    source.hangs = True
    for _ in range(4):
        await next_tick(sampler, time)
    assert len(source.threads) == 1


async def test_it_is_read_again_once_its_call_returned(
    sampler: Sampler, time: SetTime, source: Hanging
) -> None:
    await next_tick(sampler, time)
    source.hangs = True
    await next_tick(sampler, time)
    source.hangs = False
    source.free.set()
    wait_until(lambda: not sampler.statuses()[1].hung, "the end of the hanging call")
    assert (await next_tick(sampler, time)).values == {LOAD: 1.5, FREE: 7, SWAP: 0}


async def test_the_thread_it_held_ends_with_its_call(
    sampler: Sampler, time: SetTime, source: Hanging
) -> None:
    source.hangs = True
    await next_tick(sampler, time)
    (held,) = [each for each in threading.enumerate() if each.ident in source.threads]
    source.free.set()
    held.join(20)
    assert not held.is_alive()


async def test_its_status_says_so(sampler: Sampler, time: SetTime, source: Hanging) -> None:
    await next_tick(sampler, time)
    source.hangs = True
    for _ in range(3):
        await next_tick(sampler, time)
    giving, hanging, swap = sampler.statuses()
    assert hanging.hung
    assert hanging.n_skipped == 2  # the first time it was called
    assert (giving.hung, giving.n_skipped) == (False, 0)
    assert (swap.hung, swap.n_skipped) == (False, 1)


async def test_a_slow_source_keeps_what_a_late_answer_brought(time: SetTime) -> None:
    slow = Hanging({FREE: 7}, unwatched_seconds=10.0)
    sampler = Sampler(clock=time.clock(), deadline_seconds=DEADLINE)
    sampler.add(slow)
    assert (await next_tick(sampler, time)).values == {}
    slow.free.set()
    wait_until(lambda: sampler.statuses()[0].last_at is not None, "the late answer")
    assert (await next_tick(sampler, time)).values == {FREE: 7}
    assert len(slow.ticks) == 1
    sampler.close()


async def test_many_hanging_sources_hold_one_thread_each(time: SetTime) -> None:
    sampler = Sampler(clock=time.clock(), deadline_seconds=DEADLINE)
    free = threading.Event()
    sources = [Hanging(name=str(number), free=free) for number in range(3)]
    for source in sources:
        sampler.add(source)
    for _ in range(6):
        await next_tick(sampler, time)
    assert [len(source.threads) for source in sources] == [1, 1, 1]
    assert all(status.hung for status in sampler.statuses())
    free.set()
    sampler.close()
