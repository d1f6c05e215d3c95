"""What is wanted of engines, and who may want it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django import DjangoCaptureOnCommitCallbacks

from engine_app import control, wake
from engine_app.control import EngineRefused
from engine_app.models import Engine, Preset
from engine_app.running.orders import Refusal, order
from logs_app import folders
from tests.factories import make_model

pytestmark = pytest.mark.django_db


def test_a_start_wants_one_engine_however_often_it_is_asked() -> None:
    model = make_model()
    first, second = control.start(model), control.start(model)
    assert first == second
    assert (second.desired, second.generation) == ("running", 1)


def test_a_preset_has_an_engine_of_its_own() -> None:
    model = make_model()
    preset = Preset.objects.create(name="long")
    assert control.start(model) != control.start(model, preset)
    assert Engine.objects.count() == 2


def test_a_preset_of_another_model_is_refused() -> None:
    preset = Preset.objects.create(name="long", llama_model=make_model())
    with pytest.raises(EngineRefused, match="for another model"):
        control.start(make_model(), preset)
    assert not Engine.objects.exists()


@pytest.mark.parametrize("verb", [control.start_again, control.restart])
def test_an_engine_whose_preset_went_to_another_model_is_refused(verb: Any) -> None:
    preset = Preset.objects.create(name="long")
    engine = control.engine_for(make_model(), preset)
    Preset.objects.filter(pk=preset.pk).update(llama_model=make_model())
    engine = Engine.objects.get(pk=engine.pk)
    with pytest.raises(EngineRefused, match="for another model"):
        verb(engine)
    assert Engine.objects.get().desired == "stopped"
    with pytest.raises(Refusal, match="its preset long is for another model"):
        order(engine.pk, 1)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"state": "invalid", "reason": "not a GGUF file"}, "not a GGUF file"),
        ({"state": "missing"}, "missing"),
        ({"kind": "projector"}, "vision projector"),
        ({"kind": "adapter"}, "adapter"),
    ],
)
def test_what_no_engine_can_load_is_refused(facts: dict[str, Any], why: str) -> None:
    with pytest.raises(EngineRefused, match=why):
        control.start(make_model(**facts))
    assert not Engine.objects.exists()


def test_an_engine_that_is_switched_off_is_not_started() -> None:
    engine = control.start(make_model())
    control.change(engine, {"enabled": False})
    assert not engine.is_wanted
    with pytest.raises(EngineRefused, match="switched off"):
        control.start_again(engine)
    with pytest.raises(EngineRefused, match="switched off"):
        control.restart(engine)


def test_a_failed_engine_is_wanted_anew() -> None:
    engine = control.start(make_model())
    Engine.objects.update(state="failed", observed_generation=1)
    control.start_again(engine)
    assert engine.generation == 2


def test_a_stop_is_wanted_once() -> None:
    engine = control.start(make_model())
    control.stop(engine)
    generation = engine.generation
    control.stop(engine)
    assert (engine.desired, engine.generation) == ("stopped", generation)


def test_all_are_unloaded_at_once() -> None:
    for _ in range(3):
        control.start(make_model())
    assert control.unload_all() == 3
    assert not Engine.objects.wanted().exists()


@pytest.mark.django_db(transaction=True)
def test_the_supervisor_is_woken_by_each_change() -> None:
    woken: list[bool] = []
    with wake.listening(lambda: woken.append(True)):
        engine = control.start(make_model())
        control.start_again(engine)
        control.restart(engine)
        control.change(engine, {"pinned": True})
        control.stop(engine)
    assert len(woken) == 4


def test_who_asked_stands_in_the_log_for_staff_and_not_in_that_of_the_engine(
    settings: LazySettings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.DATA_DIR = tmp_path
    user = User.objects.create_user("mira")
    with caplog.at_level("INFO"), django_capture_on_commit_callbacks(execute=True):
        engine = control.start(make_model(), user=user)
    assert f"{engine.source}: mira asks for a start" in caplog.messages
    said = (folders.folder(engine.source) / folders.EVENTS).read_text()
    assert "somebody asks for a start" in said
    assert "mira" not in said


def test_a_state_changes_only_from_where_the_table_allows() -> None:
    engine = control.start(make_model())
    row = Engine.objects.filter(pk=engine.pk)
    assert row.change_state("ready") == 0
    assert row.change_state("starting") == 1
    assert row.change_state("starting") == 0
    assert row.change_state("ready", only_from=["loading"]) == 0
    assert row.change_state("ready", pid=7) == 1
    engine.refresh_from_db()
    assert (engine.state, engine.pid) == ("ready", 7)


@pytest.mark.parametrize(
    ("path", "alias"),
    [
        ("/m/Qwen3-8B-Q4_K_M.gguf", "Qwen3-8B-Q4_K_M"),
        ("/m/big-00001-of-00003.gguf", "big"),
        ("/m/a,b.gguf", "a b"),
        ("/m/--host.gguf", "host"),
    ],
)
def test_the_alias_is_the_file_and_never_a_flag(path: str, alias: str) -> None:
    assert control.start(make_model(path=path)).alias == alias


def test_commands_ask_for_a_start_and_a_stop_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    model = make_model("Tiny")
    call_command("start_engine", "tiny")
    engine = Engine.objects.get()
    assert (engine.llama_model, engine.desired) == (model, "running")
    call_command("stop_engine", str(model.pk))
    engine.refresh_from_db()
    assert engine.desired == "stopped"
    assert "1 engine is asked to stop" in capsys.readouterr().out


def test_only_engines_that_are_asked_to_stop_are_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = make_model()
    control.engine_for(model)
    elsewhere = Engine.objects.create(llama_model=model, node="elsewhere", desired="running")
    for which in (str(model.pk), "--all"):
        call_command("stop_engine", which)
        assert "0 engines are asked to stop" in capsys.readouterr().out
    elsewhere.refresh_from_db()
    assert elsewhere.desired == "running"


def test_a_name_that_means_no_model_or_several_is_said() -> None:
    make_model("Twice")
    make_model("twice")
    with pytest.raises(CommandError, match="no model 'nope'"):
        call_command("start_engine", "nope")
    with pytest.raises(CommandError, match="Several models are called 'twice'"):
        call_command("start_engine", "twice")
    with pytest.raises(CommandError, match="either a model or --all"):
        call_command("stop_engine")
