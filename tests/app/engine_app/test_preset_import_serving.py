"""What a configuration of llama-swap says beside commands: names, idle times, starts, requests."""

from __future__ import annotations

import pytest
from django.conf import settings

from engine_app import control, preset_filters
from engine_app.models import Engine, Preset
from engine_app.preset_editing import change, create, global_defaults
from engine_app.preset_import import apply, plan
from engine_app.preset_planning import SAME
from models_app.models import LlamaModel, ModelAlias, RegistryVersion
from proxy_app.models import ModelRewrite
from tests.factories import make_model

pytestmark = pytest.mark.django_db
FILE = """\
hooks: {on_startup: {preload: [coder]}}
groups: {always: {persistent: true, members: [chat]}}
models:
  coder:
    cmd: llama-server -m /srv/coder.gguf -c 4096
    aliases: [code, gpt-4o]
    ttl: 300
    filters: {stripParams: "top_p, model", setParams: {seed: 1}}
  chat:
    cmd: llama-server -m /srv/chat.gguf -c 2048
    ttl: 0
  nowhere:
    cmd: llama-server -m /srv/nowhere.gguf -c 1024
    aliases: [x]
    ttl: 5
    filters: {stripParams: seed}
"""


@pytest.fixture(autouse=True)
def coder() -> LlamaModel:
    make_model("Chat", path="/srv/chat.gguf")
    return make_model("Coder", path="/srv/coder.gguf")


def changes(text: str) -> dict[str, list[tuple[str, str, str]]]:
    return {
        each.name: [(c.option, c.old, c.new) for c in each.changes] for each in plan(text).presets
    }


def test_names_idle_times_and_starts_are_shown_and_taken(coder: LlamaModel) -> None:
    shown = changes(FILE)
    assert ("alias", "", "gpt-4o") in shown["coder"]
    assert ("stops when idle, s", "", "300") in shown["coder"]
    assert ("starts with the program", "", "yes") in shown["coder"]
    assert ("stays in memory", "", "yes") in shown["chat"]
    assert not Engine.objects.exists()
    version = RegistryVersion.current()
    apply(plan(FILE))
    assert RegistryVersion.current() > version
    engine = Engine.objects.get(llama_model=coder)
    assert (engine.idle_ttl_seconds, engine.preload, engine.pinned) == (300, True, False)
    chat = Engine.objects.get(preset__name="chat")
    assert (chat.idle_ttl_seconds, chat.preload, chat.pinned) == (0, False, True)
    assert (chat.desired, engine.desired) == ("stopped", "stopped")


def test_what_an_alias_calls_starts_with_the_options_of_its_entry(coder: LlamaModel) -> None:
    apply(plan(FILE))
    names = set(ModelAlias.objects.filter(llama_model=coder).values_list("name", flat=True))
    assert names == {"code", "gpt-4o"}  # its own id is the model's name
    preset = Preset.objects.get(name="coder")
    assert (preset.is_default, preset.options) == (True, {"ctx-size": 4096})
    assert Engine.objects.get(llama_model=coder).preset is None


def test_a_model_that_has_a_default_keeps_it_and_that_is_said(coder: LlamaModel) -> None:
    create({"name": "mine", "llama_model": coder, "is_default": True})
    planned = plan(FILE).presets[0]
    assert any("default options" in left.why for left in planned.left_out)
    apply(plan(FILE))
    assert not Preset.objects.get(name="coder").is_default
    assert Engine.objects.get(llama_model=coder).preset == Preset.objects.get(name="coder")


def test_importing_it_again_changes_nothing() -> None:
    apply(plan(FILE))
    assert [each.action for each in plan(FILE).presets] == [SAME, SAME, SAME]


def test_only_what_lies_beside_a_preset_may_change(coder: LlamaModel) -> None:
    apply(plan(FILE))
    before = Preset.objects.get(name="coder").updated_at
    text = FILE.replace("ttl: 300", "ttl: 60").replace("seed: 1}", "seed: 2}")
    assert changes(text)["coder"] == [
        ("stops when idle, s", "300", "60"), ("set in requests: seed", "1", "2"),
    ]  # fmt: skip
    apply(plan(text))
    assert Engine.objects.get(llama_model=coder).idle_ttl_seconds == 60
    assert ModelRewrite.objects.get(llama_model=coder).set == {"seed": 2}
    assert Preset.objects.get(name="coder").updated_at == before


def test_changes_in_requests_become_a_rewrite_of_the_gateway(coder: LlamaModel) -> None:
    planned = plan(FILE).presets[0]
    assert any(left.what == "filters: model" for left in planned.left_out)
    ModelRewrite.objects.create(llama_model=coder, system_prefix="Be brief.", default={"a": 1})
    apply(plan(FILE))
    row = ModelRewrite.objects.get(llama_model=coder)
    assert (row.strip, row.set) == (["top_p"], {"seed": 1})
    assert (row.system_prefix, row.default) == ("Be brief.", {"a": 1})


def test_without_a_place_for_them_they_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preset_filters, "_places", [])
    planned = plan(FILE).presets[0]
    assert "filters" in {left.what for left in planned.left_out}
    apply(plan(FILE))
    assert not ModelRewrite.objects.exists()


def test_without_its_model_nothing_beside_a_preset_is_taken_and_that_is_said() -> None:
    planned = plan(FILE).presets[2]
    assert {"aliases", "idle_ttl_seconds", "filters"} <= {left.what for left in planned.left_out}


def test_a_name_of_another_model_is_not_taken_away(coder: LlamaModel) -> None:
    other = make_model("gpt-4o")
    ModelAlias.objects.create(name="CODE", llama_model=other)
    wanted = plan(FILE)
    refused = {left.what for left in wanted.presets[0].left_out}
    assert {"alias code", "alias gpt-4o"} <= refused
    apply(wanted)
    assert not coder.aliases.exists()


def running(model: LlamaModel, preset: Preset | None = None) -> Engine:
    engine = control.start(model, preset)
    Engine.objects.filter(pk=engine.pk).update(state="ready", observed_generation=1)
    return engine


def test_only_engines_whose_command_line_changes_begin_anew(coder: LlamaModel) -> None:
    chat = LlamaModel.objects.get(name="Chat")
    apply(plan(FILE))
    long = create({"name": "long", "llama_model": coder, "options": {"ctx-size": 9000}})
    engines = [
        running(coder), running(coder, long), running(chat, Preset.objects.get(name="chat"))
    ]  # fmt: skip
    text = FILE.replace("-c 4096", "-c 8000").replace("ttl: 0", "ttl: 77")
    done = apply(plan(text))
    assert done.restarted == ["Coder"]
    generations = [Engine.objects.get(pk=each.pk).generation for each in engines]
    assert generations == [2, 1, 1]


def test_a_file_that_brings_defaults_restarts_those_that_inherit_them(coder: LlamaModel) -> None:
    change(global_defaults().pk, {"options": {"threads": 2}})
    own = create({"name": "own", "llama_model": coder, "options": {"threads": 3}})
    engines = [running(coder), running(coder, own)]
    Engine.objects.create(llama_model=coder, preset=create({"name": "rest"}), node=settings.NODE)
    done = apply(plan("[*]\nthreads = 8\n"))
    assert len(done.restarted) == 1
    assert [Engine.objects.get(pk=each.pk).generation for each in engines] == [2, 1]
