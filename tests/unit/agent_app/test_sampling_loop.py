from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from agent_app.loop_lag import LoopLag
from agent_app.loops import statuses
from agent_app.sampling import Sampling
from metrics_app.hour import Hour
from metrics_app.sampler import Sampler
from tests.fakes.recording import Screen, SlowRecorder
from tests.fakes.sampling import Giving
from tests.fakes.serving import wait_until


@pytest.fixture
def recorder() -> Iterator[SlowRecorder]:
    recorder = SlowRecorder()
    yield recorder
    recorder.may_write.set()


@pytest.fixture
def lag() -> LoopLag:
    return LoopLag()


@pytest.fixture
def loop(recorder: SlowRecorder, screen: Screen, lag: LoopLag) -> Sampling:
    sampler = Sampler()
    sampler.add(Giving())
    return Sampling(sampler, Hour(), recorder, screen, lag)


@pytest.fixture
def screen() -> Screen:
    return Screen()


async def until(condition: Callable[[], object], what: str) -> None:
    await asyncio.to_thread(wait_until, condition, what)


async def test_it_samples_until_told_to_stop_and_then_writes_what_is_left(
    loop: Sampling, recorder: SlowRecorder, screen: Screen, lag: LoopLag
) -> None:
    recorder.may_write.set()
    stop = asyncio.Event()
    running = asyncio.create_task(loop.run(stop))
    await until(lambda: len(recorder.added) >= 2, "two ticks")
    assert lag.take() is not None
    stop.set()
    await running
    assert len(screen.shown["host"]) == len(recorder.added)
    assert (recorder.calls[0], recorder.calls[-1]) == ("start", "finish")
    assert statuses["sampler"].steps >= 2
    assert lag.take() is None


async def test_the_database_is_written_in_a_thread_of_its_own(
    loop: Sampling, recorder: SlowRecorder
) -> None:
    recorder.may_write.set()
    stop = asyncio.Event()
    running = asyncio.create_task(loop.run(stop))
    await until(lambda: recorder.writing.is_set(), "a write")
    stop.set()
    await running
    assert recorder.threads == {"metrics-writer"}


async def test_a_busy_database_does_not_stop_sampling_and_writes_do_not_queue_up(
    loop: Sampling, recorder: SlowRecorder
) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(loop.run(stop))
    await until(recorder.writing.is_set, "a write that does not end")
    so_far = len(recorder.added)
    await until(lambda: len(recorder.added) >= so_far + 2, "two more ticks")
    assert recorder.calls == ["start", "write"]
    recorder.may_write.set()
    stop.set()
    await running
    assert recorder.calls[-1] == "finish"


async def test_a_write_that_fails_in_an_unknown_way_ends_the_loop(
    loop: Sampling, recorder: SlowRecorder
) -> None:
    recorder.error = RuntimeError("a mistake of ours")
    recorder.may_write.set()
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        await loop.run(asyncio.Event())
    assert recorder.calls[-1] == "finish"


async def test_figures_that_are_not_due_are_not_written(
    loop: Sampling, recorder: SlowRecorder
) -> None:
    recorder.is_due = False
    stop = asyncio.Event()
    running = asyncio.create_task(loop.run(stop))
    await until(lambda: len(recorder.added) >= 2, "two ticks")
    stop.set()
    await running
    assert recorder.calls == ["start", "finish"]
