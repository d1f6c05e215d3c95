"""Engines that do not start, do not answer, do not end: F10 to F16."""

from __future__ import annotations

import signal
import socket
import time
from dataclasses import replace

import psutil
import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.db import IntegrityError

from engine_app import control
from engine_app.core import backoff
from engine_app.models import Engine, EngineRun
from engine_app.running import key_files
from engine_app.running.launching import launch
from engine_app.running.orders import order
from engine_app.running.rows import rows
from models_app.models import LlamaModel
from tests.fakes.supervised import HASTY, Orders, processes_of_engines, supervised
from tests.logs import Pumping

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def quick_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_SECONDS", 0.01)


async def test_a_crash_loop_is_given_up_after_five_failures(
    tiny: LlamaModel, orders: Orders, quick_backoff: None
) -> None:
    orders.give("print 0.00.001.000 E something is wrong", "exit 3")
    async with supervised() as here:
        engine = await rows(control.start, tiny)

        def given_up() -> Engine | None:
            return Engine.objects.filter(state="failed", retry_at=None, n_failures=5).first()

        engine = await here.until(given_up, "the engine to be given up")
        assert engine.reason_code == "exited" and "something is wrong" in engine.reason
        assert "not tried again" in engine.advice
        assert (engine.n_restarts, await rows(EngineRun.objects.count)) == (4, 5)
        for _ in range(3):
            await here.step()
        assert await rows(EngineRun.objects.count) == 5

        orders.give()
        await rows(control.start, tiny)
        assert (await here.until_state(engine, "ready")).n_failures == 0


async def test_a_human_can_stop_what_waits_to_be_tried_again(
    tiny: LlamaModel, orders: Orders
) -> None:
    orders.give("exit 3")
    async with supervised() as here:
        engine = await here.start(tiny, "failed")
        assert engine.retry_at is not None
        stopped = await here.stop(engine)
    assert (stopped.retry_at, stopped.n_failures) == (None, 0)
    assert await rows(EngineRun.objects.count) == 1


async def test_an_engine_that_hangs_is_found_ended_and_started_again(
    tiny: LlamaModel, orders: Orders, quick_backoff: None
) -> None:
    async with supervised() as here:
        first = await here.start(tiny)
        orders.give("hang", "deaf")
        failed = await here.until_state(first, "failed")
        assert failed.reason_code == "hung"
        orders.give()
        second = await here.until_state(first, "ready")
        assert second.pid != first.pid
        assert len(processes_of_engines()) == 1


async def test_a_slow_start_is_no_failure(tiny: LlamaModel, orders: Orders) -> None:
    orders.give("slow")
    async with supervised() as here:
        engine = await here.start(tiny, "loading")
        told = [data["state"] for topic, _, data in here.events if topic == engine.source]
        assert told == ["starting", "loading"]
        orders.give()
        engine = await here.until_state(engine, "ready")
        run = await here.last_run(engine)
    assert run.answered_at is not None and run.ready_at is not None
    assert await rows(EngineRun.objects.count) == 1


async def test_a_start_without_end_is_given_up_at_its_deadline(
    tiny: LlamaModel, orders: Orders
) -> None:
    orders.give("slow")
    async with supervised(replace(HASTY, start=0.5)) as here:
        engine = await here.start(tiny, "failed")
    assert engine.reason_code == "start_timeout"


async def test_a_taken_port_is_left_to_its_owner(
    tiny: LlamaModel, orders: Orders, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The port is taken between the choice and the start, by one who answers as an engine does."""
    monkeypatch.setattr("engine_app.running.ports._is_free", lambda port: True)
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        taken = foreign.getsockname()[1]
        settings.PORT_RANGE = range(taken, taken + 3)
        async with supervised() as here:
            engine = await here.start(tiny)
            assert engine.port is not None and engine.port > taken
            assert engine.n_failures == 0
            codes = await rows(
                lambda: list(EngineRun.objects.order_by("id").values_list("reason_code", flat=True))
            )
    assert codes[0] == "port_taken" and codes[-1] == ""


async def test_without_a_free_port_the_words_name_the_range(
    tiny: LlamaModel, orders: Orders, settings: LazySettings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        taken = foreign.getsockname()[1]
        settings.PORT_RANGE = range(taken, taken + 1)
        async with supervised() as here:
            engine = await here.start(tiny, "failed")
    assert engine.reason_code == "no_port"
    assert f"{taken} to {taken}" in engine.advice and "LLAMADASH_PORT_RANGE" in engine.advice


async def test_what_ignores_sigterm_is_killed_and_what_it_started_too(
    tiny: LlamaModel, orders: Orders
) -> None:
    orders.give("deaf", "grandchild")
    async with supervised() as here:
        engine = await here.start(tiny)
        assert engine.pid is not None
        family = [psutil.Process(engine.pid), *psutil.Process(engine.pid).children()]
        assert len(family) == 2
        await here.stop(engine)
        run = await here.last_run(engine)
    assert (run.signal, run.reason_code) == (signal.SIGKILL, "stopped")
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []


async def test_a_grandchild_does_not_outlive_an_engine_that_crashed(
    tiny: LlamaModel, orders: Orders
) -> None:
    orders.give("grandchild")
    async with supervised() as here:
        engine = await here.start(tiny)
        assert engine.pid is not None
        children = psutil.Process(engine.pid).children()
        orders.give(f"die {signal.SIGSEGV:d}")
        failed = await here.until_state(engine, "failed")
        assert failed.reason_code == "crashed" and "SIGSEGV" in failed.reason
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []


async def test_a_grandchild_with_a_session_of_its_own_ends_with_it(
    tiny: LlamaModel, orders: Orders
) -> None:
    orders.give("stray")
    async with supervised() as here:
        engine = await here.start(tiny)
        assert len(processes_of_engines()) == 2
        await here.stop(engine)
        assert processes_of_engines() == []


async def test_a_program_that_puts_itself_into_the_background_is_ended_and_told(
    tiny: LlamaModel, orders: Orders
) -> None:
    orders.give("background")
    async with supervised() as here:
        engine = await here.start(tiny, "failed")
        assert processes_of_engines() == []
    assert (engine.reason_code, engine.retry_at) == ("background", None)
    assert "into the background" in engine.reason and "setsid" in engine.advice
    assert await rows(EngineRun.objects.count) == 1


async def test_the_name_of_a_person_is_no_word_of_the_engine(
    tiny: LlamaModel, orders: Orders
) -> None:
    async with supervised() as here:
        engine = await here.start(tiny)
        user = User(username="bad_alloc")
        await rows(control.change, engine, {"idle_ttl_seconds": 0}, user)
        await rows(Pumping().run)  # our notes stand among its words then
        orders.give(f"die {signal.SIGUSR1:d}")
        failed = await here.until_state(engine, "failed")
        run = await here.last_run(engine)
    assert failed.reason_code == "killed"
    assert not any("bad_alloc" in line for line in run.last_lines)


async def test_a_stop_waits_for_requests_but_not_for_ever(tiny: LlamaModel, orders: Orders) -> None:
    async with supervised(replace(HASTY, drain=0.6)) as here:
        engine = await here.start(tiny)
        orders.give("busy")
        await rows(control.stop, engine)
        assert (await here.until_state(engine, "stopping")).phase == "drain"
        started = time.monotonic()
        await here.until_state(engine, "stopped")
        assert time.monotonic() - started > 0.3


async def test_a_flag_that_the_engine_refuses_is_named_and_not_tried_again(
    tiny: LlamaModel, orders: Orders
) -> None:
    orders.give("unknown --ctx-size")
    async with supervised() as here:
        engine = await here.start(tiny, "failed")
    assert (engine.reason_code, engine.retry_at) == ("bad_flag", None)
    assert engine.reason == "does not know the option --ctx-size"


async def test_floods_long_lines_and_binary_hurt_nobody(tiny: LlamaModel, orders: Orders) -> None:
    orders.give("flood 20000", "long 10000000", "binary")
    async with supervised() as here:
        engine = await here.start(tiny)
        await here.stop(engine)
        run = await here.last_run(engine)
    assert len(run.last_lines) <= 50
    assert all(len(line) <= 8192 and "\0" not in line for line in run.last_lines)


async def test_a_launch_that_fails_leaves_one_run_that_has_ended_and_no_port(
    tiny: LlamaModel, orders: Orders
) -> None:
    async with supervised() as here:
        engine = await rows(control.engine_for, tiny)
        folder = key_files.folder(engine.pk)
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.write_text("no folder")
        await here.start(tiny, "failed")
        run = await rows(EngineRun.objects.get)
        assert (run.ended_at is None, run.reason_code, run.pid) == (False, "no_program", None)
        assert here.around.promised == set()


async def test_a_launch_whose_engine_is_gone_keeps_no_port(
    tiny: LlamaModel, orders: Orders
) -> None:
    async with supervised() as here:
        engine = await rows(control.engine_for, tiny)
        await here.around.programs.find()
        given = await rows(order, engine.pk, 1)
        await rows(engine.delete)
        with pytest.raises(IntegrityError):
            await launch(given, here.around, set(), {})
        assert here.around.promised == set()
    assert processes_of_engines() == []
