"""What a supervisor does with the processes that an earlier one has left: F14."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from engine_app import control
from engine_app.child_environment import MARK, mark_of
from engine_app.models import Engine, EngineRun
from engine_app.running import identity
from engine_app.running.rows import rows
from models_app.models import LlamaModel
from tests.fakes.serving import wait_until
from tests.fakes.supervised import Orders, processes_of_engines, supervised

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def sleeper(**environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        env={**os.environ, **environment},
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def kill(engine: Engine) -> None:
    """Waited for as init does it for those whose parent is gone."""
    assert engine.pid is not None
    psutil.Process(engine.pid).kill()
    os.waitpid(engine.pid, 0)


async def kept_engine(model: LlamaModel) -> Engine:
    async with supervised(keep=True) as here:
        return await here.start(model)


async def test_a_living_engine_is_taken_over_as_it_is(tiny: LlamaModel, orders: Orders) -> None:
    before = await kept_engine(tiny)
    async with supervised() as here:
        await here.step()
        after = await rows(Engine.objects.get, pk=before.pk)
        assert (after.pid, after.port, after.state) == (before.pid, before.port, "ready")
        assert after.ready_at == before.ready_at
        run = await here.last_run(after)
        assert run.adopted_at is not None and run.ended_at is None
        stopped = await here.stop(after)
        assert stopped.reason_code == "stopped"
    assert processes_of_engines() == []
    assert await rows(EngineRun.objects.count) == 1


async def test_one_that_was_loading_is_followed_until_it_is_ready(
    tiny: LlamaModel, orders: Orders
) -> None:
    orders.give("slow")
    async with supervised(keep=True) as here:
        before = await here.start(tiny, "loading")
    async with supervised() as here:
        orders.give()
        after = await here.until_state(before, "ready")
        assert after.pid == before.pid


async def test_one_that_died_meanwhile_is_started_again(tiny: LlamaModel, orders: Orders) -> None:
    before = await kept_engine(tiny)
    kill(before)
    async with supervised() as here:
        after = await here.until_state(before, "ready")
        assert after.pid != before.pid
        runs = await rows(lambda: list(EngineRun.objects.order_by("id")))
    assert runs[0].reason_code == "ended_unseen" and runs[0].ended_at is not None


async def test_a_stranger_under_the_number_of_an_engine_is_left_alone(
    tiny: LlamaModel, orders: Orders
) -> None:
    before = await kept_engine(tiny)
    kill(before)
    with sleeper() as stranger:
        row = Engine.objects.filter(pk=before.pk)
        ticks = identity.started_ticks(stranger.pid)
        path = identity.executable(stranger.pid)
        await rows(row.update, pid=stranger.pid, pid_started=ticks, executable=path)
        async with supervised() as here:
            after = await here.until_state(before, "ready")
            assert after.pid != stranger.pid
        assert stranger.poll() is None


@pytest.mark.parametrize("field", ["pid_started", "executable", "port"])
async def test_what_differs_in_one_thing_is_not_taken_over_and_does_not_stay(
    tiny: LlamaModel, orders: Orders, field: str
) -> None:
    """It carries our mark, so it is ours to end; and it is not surely the engine's."""
    before = await kept_engine(tiny)
    other = {"pid_started": 1, "executable": "/bin/true", "port": 1}[field]
    await rows(Engine.objects.filter(pk=before.pk).update, **{field: other})
    async with supervised() as here:
        after = await here.until_state(before, "ready")
        assert after.pid != before.pid
        assert [process.pid for process in processes_of_engines()] == [after.pid]


async def test_a_process_whose_row_was_never_written_is_ended(
    tiny: LlamaModel, orders: Orders
) -> None:
    with sleeper(**{MARK: mark_of(4711)}) as orphan:
        wait_until(lambda: identity.mark(orphan.pid), "the orphan to be itself")
        async with supervised():
            assert orphan.poll() is not None


async def test_a_process_of_another_installation_is_left_alone(
    tiny: LlamaModel, orders: Orders
) -> None:
    with sleeper(**{MARK: "0123456789abcdef:1"}) as other:
        wait_until(lambda: identity.mark(other.pid), "it to be itself")
        async with supervised():
            pass
        assert other.poll() is None


async def test_what_was_asked_for_meanwhile_is_done(tiny: LlamaModel, orders: Orders) -> None:
    before = await kept_engine(tiny)
    await rows(control.stop, before)
    async with supervised() as here:
        await here.until_state(before, "stopped")
    assert processes_of_engines() == []
