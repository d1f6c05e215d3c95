"""The plan of a start before anything happens: its words, its JSON, its drawing, and the figures of
earlier starts."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from engine_app import control
from engine_app.api.engine_schemas import MemoryPlan
from engine_app.core import ledger
from engine_app.core.ledger import Device, Need, Occupant
from engine_app.memory import measured
from engine_app.memory.measured import Start
from engine_app.memory.occupants import occupants, scene
from engine_app.memory.places import Places
from engine_app.memory.plan_drawing import plan_bars
from engine_app.memory.plan_words import as_json, sentences
from engine_app.memory.planning import plan_for
from engine_app.models import Engine, EngineRun, MeasuredMemory, MemorySource, OwnRouter, Preset
from engine_app.models import memory as memory_rows
from engine_app.running.rows import rows
from models_app.memory import capacity
from models_app.models import LlamaModel
from tests.devices import FakeDevice
from tests.factories import GIB, make_model
from tests.fakes.supervised import supervised


def machine(monkeypatch: pytest.MonkeyPatch, free: int | None, total: int = 64 * GIB) -> None:
    monkeypatch.setattr(capacity, "_source", lambda: [FakeDevice("ram", "ram", total, free)])


@pytest.mark.django_db
def test_a_plan_is_asked_for_over_the_api(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch, 32 * GIB)
    model, preset = make_model(), Preset.objects.create(name="p", options={"ctx-size": 4096})
    whole = admin_client.get(f"/api/engines/plan/?model={model.pk}").json()
    less = admin_client.get(f"/api/engines/plan/?model={model.pk}&preset={preset.pk}").json()
    MemoryPlan.model_validate(whole)
    assert (whole["outcome"], whole["evict"], whole["advice"]) == ("fits", [], [])
    needs = [plan["need"]["devices"][0]["need_bytes"] for plan in (whole, less)]
    assert needs[0] > needs[1] > 4 * GIB
    assert not Engine.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query", ["", "model=0", "model=x", "model=1&preset=99", "model=1&ctx=2", "model=" + "9" * 30]
)
def test_a_wrong_question_is_refused(admin_client: Client, query: str) -> None:
    make_model(id=1)
    answer = admin_client.get(f"/api/engines/plan/?{query}")
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "invalid"


@pytest.mark.django_db
def test_a_start_can_be_forced_over_the_api(admin_client: Client) -> None:
    body = {"model": make_model().pk, "force": True}
    answer = admin_client.post("/api/engines/", body, content_type="application/json")
    assert answer.status_code == 202 and Engine.objects.get().force


@pytest.mark.django_db
def test_the_record_of_a_run_is_in_the_api(admin_client: Client) -> None:
    engine = control.start(make_model())
    EngineRun.objects.create(engine=engine, generation=1, plan={"outcome": "fits"})
    shown = admin_client.get(f"/api/engines/{engine.pk}/").json()
    assert shown["runs"][0]["plan"] == {"outcome": "fits"}


@pytest.mark.django_db
def test_the_command_says_what_will_happen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine(monkeypatch, 4 * GIB)
    model = make_model("Tiny")
    call_command("start_engine", "Tiny", "--force")
    printed = capsys.readouterr().out
    assert "missing on RAM" in printed and "is asked to start" in printed
    assert Engine.objects.get(llama_model=model).force


@pytest.mark.django_db
def test_without_room_the_plan_says_what_would_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, 6 * GIB, 8 * GIB)
    plan = plan_for(make_model())
    assert plan["outcome"] == "no_room"
    assert "other programs hold the memory" in " ".join(plan["sentences"])
    assert any("tokens fit instead of 8,192" in each for each in plan["advice"])


@pytest.mark.django_db
def test_weights_that_are_too_big_need_a_smaller_quantization(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine(monkeypatch, 4 * GIB, 4 * GIB)
    plan = plan_for(make_model())
    assert plan["outcome"] == "too_big"
    assert "smaller quantization" in plan["advice"][-1]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("free", "tensors", "words"),
    [
        (None, {}, "What is free on RAM is not known"),
        (32 * GIB, {"files": False}, "What it needs is not known"),
    ],
)
def test_what_nobody_knows_is_said_and_refuses_nothing(
    monkeypatch: pytest.MonkeyPatch, free: int | None, tensors: dict[str, Any], words: str
) -> None:
    machine(monkeypatch, free)
    plan = plan_for(make_model(**tensors))
    assert plan["outcome"] == "unknown"
    assert words in plan["sentences"][0]


@pytest.mark.django_db
def test_an_engine_that_is_being_loaded_has_what_it_was_promised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine(monkeypatch, 10 * GIB, 16 * GIB)
    loading = control.start(make_model("first"))
    Engine.objects.update(state="loading", claim={"ram": 5 * GIB})
    plan = plan_for(make_model("second"))
    assert plan["outcome"] == "wait"
    assert plan["need"]["devices"][0]["reserved_bytes"] == 5 * GIB
    assert f"until {loading.alias} is loaded" in plan["sentences"][0]


@pytest.mark.django_db
def test_our_own_router_is_counted_said_and_never_stopped(
    monkeypatch: pytest.MonkeyPatch, admin_client: Client
) -> None:
    """This very process stands for it: what it has is real."""
    machine(monkeypatch, 1 * GIB, 16 * GIB)
    OwnRouter.objects.create(node=settings.NODE, state="ready", pid=os.getpgid(0))
    plan = plan_for(make_model("second"))
    [ram] = plan["need"]["devices"]
    assert ram["router_bytes"] > 1 << 20
    assert plan["outcome"] == "no_room"
    text = " ".join(plan["sentences"])
    assert "Our own router has models loaded, and is never stopped to make room." in text
    assert "are in the hands of our own router" in text
    assert MemoryPlan(**plan)


@pytest.mark.django_db
def test_what_loads_fastest_and_was_not_used_for_longest_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine(monkeypatch, 2 * GIB, 32 * GIB)
    engines = [control.start(make_model(f"model {number}")) for number in range(3)]
    now = timezone.now()
    for engine, load, idle in zip(engines, (300, 20, 20), (0, 0, 3000), strict=True):
        Engine.objects.filter(pk=engine.pk).update(
            state="ready",
            claim={"ram": 6 * GIB},
            ready_at=now - timedelta(seconds=4000),
            last_used_at=now - timedelta(seconds=idle),
        )
        started = now - timedelta(seconds=4000 + load)
        EngineRun.objects.create(
            engine=engine,
            generation=1,
            started_at=started,
            ready_at=started + timedelta(seconds=load),
        )
    there = scene("here", None)
    assert there.there == ()  # another node's engines are no business of ours
    found = ledger.plan(
        Need("estimate", {"ram": 7 * GIB}),
        [Device("ram", "RAM", 32 * GIB, 14 * GIB, GIB)],
        occupants(scene(settings.NODE, None).there, {}, Places((), None, {}), ()),
    )
    assert {each.engine for each in found.evict} == {engines[1].pk, engines[2].pk}


# ---------------------------------------------------------------- words and drawing
def test_every_outcome_has_its_words() -> None:
    ram = Device("ram", "RAM", 10 * GIB, 4 * GIB, GIB)
    idle = Occupant(1, "idle", "ready", {"ram": 4 * GIB}, {}, idle_seconds=200)

    def said(need: int, *others: Occupant) -> str:
        return sentences(ledger.plan(Need("estimate", {"ram": need}), [ram], others))[0]

    assert said(GIB) == "It fits."
    assert said(5 * GIB, idle) == (
        "To make room, idle is stopped, which frees 4.0 GiB (unused for 3 min 20 s)."
    )
    assert said(10 * GIB) == (
        "It is too big, even with nothing else loaded: 1.0 GiB are missing on RAM."
    )
    assert said(5 * GIB) == "There is no room: 2.0 GiB are missing on RAM."


def test_a_lower_bound_is_said_to_be_one() -> None:
    ram = Device("ram", "RAM", 10 * GIB, 4 * GIB, GIB)
    need = Need("estimate", {"ram": 5 * GIB}, is_lower_bound=True)
    text = " ".join(sentences(ledger.plan(need, [ram], [])))
    assert "needs at least 5.0 GiB" in text and "started all the same" in text


def test_a_plan_is_drawn_with_all_its_words() -> None:
    ram = Device("ram", "RAM<b>", 10 * GIB, 4 * GIB, GIB)
    busy = Occupant(1, "<script>", "ready", {}, {"ram": GIB}, busy=True)
    found = ledger.plan(Need("estimate", {"ram": 4 * GIB}), [ram], [busy])
    plan = as_json(found, ["Less context."], timezone.now())
    html = render_to_string("engine_app/_plan.html", {"plan": plan})
    assert "<script>" not in html and "RAM<b>" not in html and "style=" not in html
    assert "&lt;script&gt; is answering requests" in html and "Less context." in html
    (bar,) = plan_bars(plan)
    assert (bar.used, bar.reserved_x, bar.need_x) == ("54.545", "54.545", "63.636")
    assert bar.is_short


@pytest.mark.parametrize("plan", [{}, {"need": 1}, {"need": {"devices": [{}, 3]}}])
def test_a_stored_plan_of_another_version_is_drawn_as_far_as_it_goes(plan: dict[str, Any]) -> None:
    assert render_to_string("engine_app/_plan.html", {"plan": plan})


# ---------------------------------------------------------------- earlier starts
def start_of(number: int = 0) -> Start:
    return Start(f"files {number}", "options", "build", "ram")


@pytest.mark.django_db
def test_the_latest_start_counts() -> None:
    measured.keep(start_of(), {"ram": 1}, MemorySource.OUT_OF_MEMORY)
    measured.keep(start_of(), {"ram": 2}, MemorySource.LOAD)
    known = measured.known(start_of())
    assert known is not None and (known.source, known.by_device) == ("measured", {"ram": 2})
    assert measured.known(start_of(1)) is None


@pytest.mark.django_db
def test_the_oldest_starts_are_forgotten_when_they_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measured, "MOST_ROWS", 3)
    for number in range(5):
        measured.keep(start_of(number), {"ram": number}, MemorySource.LOAD)
        MeasuredMemory.objects.filter(files_hash=f"files {number}").update(
            measured_at=timezone.now() - timedelta(hours=9 - number)
        )
    measured.keep(start_of(9), {"ram": 9}, MemorySource.LOAD)
    kept = MeasuredMemory.objects.values_list("files_hash", flat=True)
    assert sorted(kept) == ["files 3", "files 4", "files 9"]
    assert memory_rows.MOST_ROWS >= 1000


@pytest.mark.django_db(transaction=True)
async def test_a_real_engine_is_measured_and_the_next_plan_uses_it(tiny: LlamaModel) -> None:
    before = await rows(plan_for, tiny)
    async with supervised() as here:
        engine = await here.start(tiny)

        def measured_run() -> EngineRun | None:
            return EngineRun.objects.filter(plan__after__measured__ram__gt=0).first()

        run = await here.until(measured_run, "it to be measured")
        await rows(engine.refresh_from_db)
        taken = run.plan["after"]["measured"]["ram"]
        assert 1 << 20 < taken < 4 * GIB and engine.claim == {"ram": taken}
        assert "Loaded, it takes" in run.plan["after"]["sentences"][-1]
        await here.stop(engine)
    after = await rows(plan_for, tiny)
    assert before["need"]["source"] == "estimate"
    assert after["need"]["source"] == "measured"
    assert after["need"]["devices"][0]["need_bytes"] == taken
    other_options = await rows(
        lambda: plan_for(tiny, Preset.objects.create(name="p", options={"ctx-size": 512}))
    )
    assert other_options["need"]["source"] == "estimate"


@pytest.mark.django_db
def test_memory_of_a_process_that_is_taken_apart_is_on_its_way() -> None:
    Engine.objects.create(
        llama_model=make_model(), node=settings.NODE, state="stopping", claim={"ram": 5 * GIB}
    )
    [found] = occupants(scene(settings.NODE, None).there, {}, Places((), None, {}), ())
    assert (found.held, found.promised) == ({"ram": 5 * GIB}, {})
