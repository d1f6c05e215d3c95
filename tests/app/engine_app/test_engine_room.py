"""Memory in the life of engines: who goes, who waits, who is refused, and what is remembered."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from engine_app import control, options
from engine_app.memory import kernel
from engine_app.memory.planning import plan_for
from engine_app.models import Engine, EngineRun, MeasuredMemory, MemorySource, Preset
from engine_app.running.rows import rows
from logs_app import folders
from models_app.memory import capacity
from models_app.models import LlamaModel
from tests.devices import FakeDevice
from tests.fakes.machine import GIB, GPU, Machine
from tests.fakes.supervised import HASTY, Orders, Supervised, demo_model, supervised

pytestmark = pytest.mark.django_db(transaction=True)

# A model takes 1.3 GiB by its file, and 1 GiB stays free: one fits on this GPU, two do not.
FOR_ONE = 3 * GIB
EACH = GIB + GIB // 4


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine(FOR_ONE, EACH)
    monkeypatch.setattr(capacity, "_source", found.devices)
    return found


@pytest.fixture
def other(tmp_path: Path) -> LlamaModel:
    return demo_model(tmp_path / "others")


async def refreshed(engine: Engine) -> Engine:
    await rows(engine.refresh_from_db)
    return engine


async def refused(here: Supervised, model: LlamaModel) -> tuple[Engine, EngineRun]:
    engine = await here.start(model, "failed")
    run = await here.last_run(engine)
    assert (run.pid, engine.claim, engine.retry_at) == (None, {}, None)
    return engine, run


async def test_an_idle_engine_goes_to_make_room(
    machine: Machine, orders: Orders, tiny: LlamaModel, other: LlamaModel
) -> None:
    async with supervised() as here:
        first = await here.start(tiny)
        second = await here.start(other)
        await refreshed(first)
        assert (first.state, first.desired, first.reason_code) == ("stopped", "stopped", "evicted")
        assert first.reason == "was stopped to make room for tiny-chat"
        assert first.claim == {} and second.claim[GPU] > GIB
        ended, run = await here.last_run(first), await here.last_run(second)
        assert ended.reason_code == "evicted"
        assert run.plan["outcome"] == "fits"
        assert [each["engine"] for each in run.plan["after"]["evicted"]] == [first.pk]
        assert "was stopped to make room" in run.plan["after"]["sentences"][0]
        events = (folders.folder(second.source) / folders.EVENTS).read_text()
        assert "tiny-chat is stopped to make room" in events
        for _ in range(3):
            await here.step()
        assert (await refreshed(first)).state == "stopped"
    assert machine.most_at_once == 1


async def test_what_is_pinned_stays_and_the_start_is_refused_for_good(
    machine: Machine, orders: Orders, tiny: LlamaModel, other: LlamaModel
) -> None:
    async with supervised() as here:
        first = await here.start(tiny)
        await rows(control.change, first, {"pinned": True})
        second, run = await refused(here, other)
        assert (second.reason_code, run.reason_code) == ("no_room", "no_room")
        assert "is pinned" in second.reason and "missing on GPU 0" in second.reason
        assert "Less context" in second.advice and "Stop tiny-chat first" in second.advice
        assert (run.plan["outcome"], run.plan["advice"] != []) == ("no_room", True)
        for _ in range(3):
            await here.step()
        assert (await refreshed(second)).n_restarts == 0
        assert (await refreshed(first)).state == "ready"


async def test_a_start_that_can_never_happen_stops_nobody_and_keeps_no_port(
    machine: Machine, orders: Orders, tiny: LlamaModel, other: LlamaModel
) -> None:
    await rows(
        lambda: Preset.objects.create(
            name="own", llama_model=other, is_default=True, options={"threads": 2}
        )
    )
    async with supervised() as here:
        first = await here.start(tiny)
        second, _ = await refused(here, other)
        assert (second.reason_code, second.port) == ("bad_flag", None)
        assert "does not know --threads" in second.reason
        assert (await refreshed(first)).state == "ready"
        assert here.around.promised == {first.port}


async def test_what_is_busy_stays(
    machine: Machine, orders: Orders, tiny: LlamaModel, other: LlamaModel
) -> None:
    async with supervised() as here:
        first = await here.start(tiny)
        orders.give("busy")
        second, _ = await refused(here, other)
        assert "is answering requests" in second.reason
        assert (await refreshed(first)).state == "ready"


async def test_what_does_not_say_whether_it_is_busy_stays(
    machine: Machine, orders: Orders, tiny: LlamaModel, other: LlamaModel, tmp_path: Path
) -> None:
    nonsense = tmp_path / "slots"
    nonsense.write_text("no JSON")
    orders.give(f"slots {nonsense}")
    async with supervised() as here:
        first = await here.start(tiny)
        await refused(here, other)
        assert (await refreshed(first)).state == "ready"


async def test_a_refused_start_succeeds_when_it_is_asked_for_again_and_there_is_room(
    machine: Machine, orders: Orders, tiny: LlamaModel, other: LlamaModel
) -> None:
    async with supervised() as here:
        first = await here.start(tiny)
        await rows(control.change, first, {"pinned": True})
        await refused(here, other)
        await here.stop(first)
        await here.start(other)


async def test_memory_that_comes_late_is_waited_for(
    machine: Machine, orders: Orders, tiny: LlamaModel, other: LlamaModel
) -> None:
    async with supervised() as here:
        first = await here.start(tiny)
        machine.devices()
        machine.late = True
        second = await rows(control.start, other)
        await here.until_state(first, "stopped")
        await here.until(
            lambda: Engine.objects.filter(pk=second.pk, phase="memory").exists(), "it to wait"
        )
        for _ in range(5):
            await here.step()
        assert await rows(EngineRun.objects.filter(engine=second).count) == 0
        machine.late = False
        await here.until_state(second, "ready")
        run = await here.last_run(second)
        assert run.plan["after"]["waited_seconds"] > 0


async def test_a_start_that_waits_for_memory_can_be_stopped(
    machine: Machine, orders: Orders, tiny: LlamaModel, other: LlamaModel
) -> None:
    async with supervised() as here:
        await here.start(tiny)
        machine.devices()
        machine.late = True
        second = await here.start(other, "starting")
        await rows(control.stop, second)
        assert (await here.until_state(second, "stopped")).reason_code == "stopped"
        assert await rows(EngineRun.objects.filter(engine=second).count) == 0


async def test_two_starts_at_once_never_count_the_same_memory(
    machine: Machine, orders: Orders, tiny: LlamaModel, other: LlamaModel
) -> None:
    async with supervised() as here:
        engines = [await rows(control.start, each) for each in (tiny, other)]

        def settled() -> bool:
            found = set(
                Engine.objects.filter(pk__in=[e.pk for e in engines]).values_list(
                    "state", "reason_code"
                )
            )
            return found == {("ready", ""), ("stopped", "evicted")}

        await here.until(settled, "one after the other to be loaded")
    assert machine.most_at_once == 1


async def test_a_forced_start_looks_for_nothing_and_stops_nobody(
    machine: Machine, orders: Orders, tiny: LlamaModel, other: LlamaModel
) -> None:
    async with supervised() as here:
        first = await here.start(tiny)
        engine = await rows(control.start, other, force=True)
        await here.until_state(engine, "ready")
        run = await here.last_run(engine)
        assert run.plan["outcome"] == "evict" and run.plan["after"]["evicted"] == []
        assert "as asked" in run.plan["after"]["sentences"][0]
        assert (await refreshed(first)).state == "ready"
        await here.stop(engine)
        assert not (await rows(control.start, other)).force


@pytest.mark.parametrize("check", ["warn", "off"])
async def test_the_operator_decides_whether_a_start_is_refused(
    machine: Machine, orders: Orders, tiny: LlamaModel, other: LlamaModel, check: str
) -> None:
    await rows(options.MEMORY_CHECK.set, check)
    async with supervised() as here:
        first = await here.start(tiny)
        await rows(control.change, first, {"pinned": True})
        second = await here.start(other)
        run = await here.last_run(second)
    assert run.plan.get("outcome") == ("no_room" if check == "warn" else None)


async def test_too_big_a_model_is_refused_with_what_would_fit(
    machine: Machine, orders: Orders, tiny: LlamaModel
) -> None:
    machine.gpu_bytes = 2 * GIB
    async with supervised() as here:
        engine, run = await refused(here, tiny)
    assert engine.reason_code == "too_big" and "even with nothing else loaded" in engine.reason
    assert "tokens fit instead of 8,192" in engine.advice
    assert "A q8_0 cache" in engine.advice
    assert run.plan["need"]["devices"][0]["short_bytes"] > 0


# ---------------------------------------------------------------- what starts by itself
async def test_what_starts_by_itself_stops_nobody(
    machine: Machine, orders: Orders, tiny: LlamaModel, other: LlamaModel
) -> None:
    async with supervised(keep=True) as here:
        first = await here.start(tiny)
    second = await rows(control.engine_for, other)
    await rows(control.change, second, {"preload": True})
    async with supervised() as here:
        failed = await here.until_state(second, "failed")
        assert failed.reason_code == "no_room"
        assert "this start stops no other engine" in failed.reason
        assert (await refreshed(first)).state == "ready"
        await here.start(other)  # asked for by a person, it may
        assert (await refreshed(first)).reason_code == "evicted"


async def test_what_starts_by_itself_comes_one_after_the_other(
    machine: Machine, orders: Orders, tiny: LlamaModel, other: LlamaModel
) -> None:
    machine.gpu_bytes = 64 * GIB
    engines = [await rows(control.engine_for, model) for model in (tiny, other)]
    for engine in engines:
        await rows(control.change, engine, {"preload": True})
    orders.give("slow")
    async with supervised() as here:
        await here.until_state(engines[0], "loading")
        for _ in range(5):
            await here.step()
        assert (await refreshed(engines[1])).state == "stopped"
        orders.give()
        for engine in engines:
            await here.until_state(engine, "ready")


async def test_a_start_that_was_cut_off_leaves_nothing_reserved(
    machine: Machine, orders: Orders, tiny: LlamaModel, other: LlamaModel
) -> None:
    engine = await rows(control.start, tiny)
    await rows(
        lambda: Engine.objects.filter(pk=engine.pk).update(
            state="starting",
            phase="room",
            claim={GPU: 2 * GIB},
            observed_generation=1,
            desired="stopped",
        )
    )
    async with supervised() as here:
        assert (await refreshed(engine)).claim == {}
        await here.start(other)


# ---------------------------------------------------------------- out of memory
async def test_a_start_that_runs_out_of_memory_is_tried_once_more_with_more(
    machine: Machine, orders: Orders, tiny: LlamaModel, tmp_path: Path
) -> None:
    orders.give(f"starve 1 {tmp_path / 'starved'}")
    async with supervised() as here:
        engine = await here.start(tiny)
        runs = await rows(lambda: list(EngineRun.objects.order_by("id")))
    assert [run.reason_code for run in runs] == ["out_of_memory", ""]
    first, second = (run.plan["need"]["devices"][0]["need_bytes"] for run in runs)
    assert second >= first * 1.14
    assert runs[1].plan["need"]["source"] == "out of memory"
    assert (engine.n_failures, engine.n_restarts) == (0, 1)


async def test_the_second_time_it_has_failed_for_good_and_says_what_would_fit(
    machine: Machine, orders: Orders, tiny: LlamaModel, tmp_path: Path
) -> None:
    orders.give(f"starve 9 {tmp_path / 'starved'}")
    async with supervised(HASTY) as here:
        engine = await here.start(tiny, "failed")
        engine = await here.until(
            lambda: Engine.objects.filter(pk=engine.pk, state="failed", n_failures=1).first(), "it"
        )
        assert (engine.reason_code, engine.retry_at) == ("out_of_memory", None)
        assert "tokens fit instead of 8,192" in engine.advice
        for _ in range(3):
            await here.step()
        runs = await rows(lambda: list(EngineRun.objects.order_by("id")))
    assert [run.reason_code for run in runs] == ["out_of_memory"] * 2
    assert runs[1].advice == engine.advice
    row: Any = await rows(MeasuredMemory.objects.get)
    assert row.source == MemorySource.OUT_OF_MEMORY
    assert row.by_device[GPU] > runs[0].plan["need"]["devices"][0]["need_bytes"]


async def test_one_that_the_kernel_killed_while_it_loaded_has_run_out_of_memory(
    machine: Machine, orders: Orders, tiny: LlamaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = itertools.count()
    monkeypatch.setattr(kernel, "kills", lambda: next(kills))
    orders.give("die 9")
    async with supervised() as here:
        await here.start(tiny, "failed")
        engine = await here.until(
            lambda: Engine.objects.filter(state="failed", n_failures=1).first(), "both tries"
        )
    assert (engine.reason_code, engine.retry_at) == ("out_of_memory", None)
    assert "killed by the kernel" in engine.reason


async def test_one_that_somebody_killed_while_it_loaded_has_not(
    machine: Machine, orders: Orders, tiny: LlamaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "kills", lambda: 7)
    orders.give("die 9")
    async with supervised() as here:
        engine = await here.start(tiny, "failed")
    assert engine.reason_code == "killed_hard"
    assert not await rows(MeasuredMemory.objects.exists)


# ---------------------------------------------------------------- real engines
async def test_a_real_engine_goes_for_another_when_its_mapped_weights_leave_too_little(
    monkeypatch: pytest.MonkeyPatch, tiny: LlamaModel, other: LlamaModel
) -> None:
    """The system counts pages of the first one's files as free, and so does this machine."""
    need = (await rows(plan_for, other))["need"]["devices"][0]["need_bytes"]
    whole = need + GIB + (1 << 20)
    monkeypatch.setattr(capacity, "_source", lambda: [FakeDevice("ram", "ram", whole, whole)])
    async with supervised() as here:
        first = await here.start(tiny)
        was_measured = EngineRun.objects.filter(plan__after__measured__ram__gt=0).exists
        await here.until(was_measured, "what it takes to be measured")
        second = await here.start(other)
        assert (await refreshed(first)).reason_code == "evicted"
        run = await here.last_run(second)
        assert [each["engine"] for each in run.plan["after"]["evicted"]] == [first.pk]


async def test_what_died_while_it_waited_for_memory_has_reserved_nothing(
    machine: Machine, orders: Orders, tiny: LlamaModel, other: LlamaModel
) -> None:
    async with supervised() as here:
        first = await here.start(tiny)
        machine.devices()
        machine.late = True
        second = await here.start(other, "starting")
        await here.until_state(first, "stopped")
        await here.supervisor.let_go()  # as if this program were killed
        assert (await refreshed(second)).claim == {}
    machine.late = False
    async with supervised() as here:
        await here.until_state(second, "ready")
