"""Idle, pinned, preloaded, switched off, deleted: what becomes of engines by themselves."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from django.conf import LazySettings
from django.utils import timezone

from engine_app import control
from engine_app.core.verdict import Verdict
from engine_app.models import Engine, EngineRun, Preset
from engine_app.running.records import MOST_RUNS, refused_run
from engine_app.running.rows import rows
from models_app.models import LlamaModel
from tests.factories import make_model
from tests.fakes.supervised import HASTY, Orders, processes_of_engines, supervised

pytestmark = pytest.mark.django_db(transaction=True)


def long_unused(engine: Engine) -> None:
    then = timezone.now() - timedelta(hours=1)
    Engine.objects.filter(pk=engine.pk).update(ready_at=then, last_used_at=then)


async def test_an_idle_engine_is_stopped_and_says_why(tiny: LlamaModel, orders: Orders) -> None:
    async with supervised(replace(HASTY, idle_ttl=600)) as here:
        engine = await here.start(tiny)
        await here.step()
        await rows(long_unused, engine)
        stopped = await here.until_state(engine, "stopped")
    assert (stopped.desired, stopped.reason_code) == ("stopped", "idle")


async def test_a_pinned_one_and_one_with_a_time_of_its_own_stay(
    tiny: LlamaModel, orders: Orders
) -> None:
    async with supervised(replace(HASTY, idle_ttl=600)) as here:
        engine = await here.start(tiny)
        await rows(control.change, engine, {"pinned": True})
        await rows(long_unused, engine)
        for _ in range(3):
            await here.step()
        await rows(control.change, engine, {"pinned": False, "idle_ttl_seconds": 0})
        for _ in range(3):
            await here.step()
        assert (await rows(Engine.objects.get)).state == "ready"


async def test_an_idle_engine_that_works_on_something_is_used(
    tiny: LlamaModel, orders: Orders
) -> None:
    async with supervised(replace(HASTY, idle_ttl=600)) as here:
        engine = await here.start(tiny)
        orders.give("busy")
        await rows(long_unused, engine)

        def used() -> bool:
            found = Engine.objects.get().last_used_at
            return found is not None and timezone.now() - found < timedelta(minutes=1)

        await here.until(used, "its use to be seen")
        assert (await rows(Engine.objects.get)).state == "ready"
        orders.give()


async def test_a_preloaded_engine_is_started_with_the_program(
    tiny: LlamaModel, orders: Orders
) -> None:
    engine = await rows(control.engine_for, tiny)
    await rows(control.change, engine, {"preload": True})
    async with supervised() as here:
        await here.until_state(engine, "ready")


async def test_an_engine_that_is_switched_off_is_stopped(tiny: LlamaModel, orders: Orders) -> None:
    async with supervised() as here:
        engine = await here.start(tiny)
        await rows(control.change, engine, {"enabled": False})
        await here.until_state(engine, "stopped")
        await rows(control.change, engine, {"enabled": True})
        await here.until_state(engine, "ready")


def delete_past_the_program(engine: Engine) -> None:
    """As by hand in the database: the program itself refuses while it runs."""
    EngineRun.objects.filter(engine=engine).delete()
    Engine.objects.filter(pk=engine.pk)._raw_delete("default")


async def test_an_engine_whose_row_is_deleted_is_ended(tiny: LlamaModel, orders: Orders) -> None:
    async with supervised() as here:
        engine = await here.start(tiny)
        await rows(delete_past_the_program, engine)
        await here.until(lambda: not processes_of_engines(), "its process to be gone")


async def test_an_engine_that_unloads_by_itself_is_shown_asleep_and_awake(
    tiny: LlamaModel, orders: Orders
) -> None:
    preset = await rows(Preset.objects.create, name="naps", options={"sleep-idle-seconds": 60})
    async with supervised() as here:
        engine = await rows(control.start, tiny, preset)
        await here.until_state(engine, "ready")
        orders.give("asleep")
        await here.until_state(engine, "sleeping")
        orders.give()
        await here.until_state(engine, "ready")
        orders.give("asleep")
        await here.until_state(engine, "sleeping")
        await here.stop(engine)


async def test_twenty_starts_and_stops_leave_nothing_behind(
    tiny: LlamaModel, orders: Orders
) -> None:
    ours = psutil.Process()
    async with supervised() as here:
        await here.stop(await here.start(tiny))
        # The pool of threads grows up to its size: all of it is there before it is counted.
        await asyncio.gather(*(asyncio.to_thread(time.sleep, 0.05) for _ in range(64)))
        before = ours.num_fds(), threading.active_count()
        for _ in range(20):
            await here.stop(await here.start(tiny))
        await here.step()
        after = ours.num_fds(), threading.active_count()
        zombies = [each for each in ours.children() if each.status() == psutil.STATUS_ZOMBIE]
        assert (after, zombies) == (before, [])
    assert await rows(EngineRun.objects.filter(ended_at=None).count) == 0


async def test_without_a_program_the_remedies_are_in_the_row(
    tiny: LlamaModel, settings: LazySettings
) -> None:
    settings.LLAMA_SERVER_BIN = "/nowhere/llama-server"
    async with supervised() as here:
        engine = await here.start(tiny, "failed")
    assert engine.reason_code == "no_program" and engine.retry_at is None
    assert "/nowhere/llama-server" in engine.advice


def test_the_lives_of_an_engine_are_forgotten_when_they_are_too_many() -> None:
    engine = control.engine_for(make_model())
    for _ in range(MOST_RUNS + 5):
        refused_run(engine.pk, 1, Verdict("refused", "no"))
    assert EngineRun.objects.count() == MOST_RUNS


async def test_an_idle_engine_that_does_not_say_what_it_does_is_kept_and_can_be_stopped(
    tiny: LlamaModel, orders: Orders, tmp_path: Path
) -> None:
    (tmp_path / "slots").write_text("no JSON")
    orders.give(f"slots {tmp_path / 'slots'}")
    async with supervised(replace(HASTY, idle_ttl=600, drain=0.4)) as here:
        engine = await here.start(tiny)
        await rows(long_unused, engine)
        await here.step()
        await here.until(lambda: not Engine.objects.get().idle_is_over(600, timezone.now()), "use")
        assert (await rows(Engine.objects.get)).state == "ready"
        await here.stop(engine)
