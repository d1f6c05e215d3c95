"""What a supervisor does with the processes that an earlier one has left: F14."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from django.conf import LazySettings

from engine_app import control
from engine_app.child_environment import MARK, mark_of, owner
from engine_app.models import Engine, EngineRun
from engine_app.running import identity
from engine_app.running.patience import Patience
from engine_app.running.rows import rows
from models_app.models import LlamaModel
from tests.fakes.serving import wait_until
from tests.fakes.supervised import (
    HASTY,
    Orders,
    Supervised,
    processes_of_engines,
    supervised,
)

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


@pytest.mark.parametrize("field", ["pid_started", "port"])
async def test_what_differs_in_one_thing_is_not_taken_over_and_does_not_stay(
    tiny: LlamaModel, orders: Orders, field: str
) -> None:
    """It carries our mark, so it is ours to end; and it is not surely the engine's."""
    before = await kept_engine(tiny)
    await rows(Engine.objects.filter(pk=before.pk).update, **{field: 1})
    async with supervised() as here:
        after = await here.until_state(before, "ready")
        assert after.pid != before.pid
        assert [process.pid for process in processes_of_engines()] == [after.pid]


async def test_an_engine_whose_program_was_moved_aside_is_taken_over(
    tiny: LlamaModel, orders: Orders, settings: LazySettings, tmp_path: Path
) -> None:
    program = tmp_path / "bash"
    shutil.copy2("/bin/bash", program)
    script = tmp_path / "llama-server"
    script.write_text(f'{orders.program} "$@" & trap "kill $!; wait; exit 0" TERM; wait\n')
    settings.LLAMA_SERVER_BIN = f"{program} {script}"
    before = await kept_engine(tiny)
    assert before.executable == str(program)
    program.rename(tmp_path / "bash.old")
    shutil.copy2("/bin/bash", program)
    async with supervised() as here:
        await here.step()
        after = await rows(Engine.objects.get, pk=before.pk)
        assert (after.pid, after.state) == (before.pid, "ready")


async def test_what_an_engine_has_started_lives_on_with_it(
    tiny: LlamaModel, orders: Orders
) -> None:
    orders.give("stray")
    before = await kept_engine(tiny)
    family = {process.pid for process in processes_of_engines()}
    assert len(family) == 2
    async with supervised() as here:
        await here.step()
        after = await rows(Engine.objects.get, pk=before.pk)
        assert after.pid == before.pid
        assert {process.pid for process in processes_of_engines()} == family
    assert processes_of_engines() == []


@asynccontextmanager
async def dies_while_it_stops(
    patience: Patience, model: LlamaModel, orders: Orders, phase: str
) -> AsyncIterator[Engine]:
    """Our own death in the middle of a clean end. Its engine is wanted as before."""
    here = Supervised(patience)
    await here.supervisor.begin()
    engine = await here.start(model)
    orders.give("busy", "deaf")
    ending = asyncio.create_task(here.supervisor.end(keep=False))
    row = Engine.objects.filter(pk=engine.pk, state="stopping", phase=phase)
    await here.until(row.first, f"its phase to be {phase}")
    await here.supervisor.let_go()
    await ending
    orders.give()
    yield await rows(row.get)


async def test_one_that_waited_for_its_requests_when_we_died_serves_on(
    tiny: LlamaModel, orders: Orders
) -> None:
    patience = replace(HASTY, drain=60.0)
    async with (
        dies_while_it_stops(patience, tiny, orders, "drain") as before,
        supervised() as here,
    ):
        await here.step()
        after = await here.until_state(before, "ready")
        assert (after.pid, after.generation, after.phase) == (before.pid, before.generation, "")
        for _ in range(3):
            await here.step()
        run = await here.last_run(after)
        assert run.ended_at is None and run.pid == before.pid


async def test_one_that_had_its_signal_when_we_died_is_started_anew(
    tiny: LlamaModel, orders: Orders
) -> None:
    orders.give("deaf")
    patience = replace(HASTY, drain=0.1, second_term=60.0, kill=60.0)
    async with dies_while_it_stops(patience, tiny, orders, "stop") as before, supervised() as here:
        after = await here.until_state(before, "ready")
        assert after.pid != before.pid
        assert [process.pid for process in processes_of_engines()] == [after.pid]


async def test_one_that_was_to_end_for_good_when_we_died_ends(
    tiny: LlamaModel, orders: Orders
) -> None:
    patience = replace(HASTY, drain=60.0)
    async with dies_while_it_stops(patience, tiny, orders, "drain") as before:
        await rows(control.stop, before)
        async with supervised() as here:
            await here.until_state(before, "stopped")
    assert processes_of_engines() == []


async def test_a_program_that_was_asked_by_one_that_is_gone_is_ended(
    tiny: LlamaModel, orders: Orders
) -> None:
    gone = f"{owner()}:question.{1 << 22}.1.1"
    asked = identity.question_mark(1)
    with sleeper(**{MARK: gone}) as orphan, sleeper(**{MARK: asked}) as ours:
        wait_until(lambda: identity.mark(orphan.pid) == gone, "the orphan to be itself")
        wait_until(lambda: identity.mark(ours.pid) == asked, "the other to be itself")
        async with supervised():
            assert orphan.poll() is not None
            assert ours.poll() is None


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
