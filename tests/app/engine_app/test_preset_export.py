"""Presets into a models.ini and back."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

import hypothesis
import pytest
from django.conf import LazySettings
from hypothesis import strategies as st

from engine_app.core.flag_kinds import FlagError, Value
from engine_app.core.flags import FLAGS
from engine_app.core.help_text import parse_help
from engine_app.core.registered import Registered
from engine_app.models import Preset
from engine_app.preset_editing import change, create, global_defaults
from engine_app.preset_export import models_ini, presets_json
from engine_app.preset_import import apply, plan
from engine_app.preset_planning import SAME, SKIP
from engine_app.presets import allow_list
from models_app.models import LlamaModel
from tests.app.engine_app.option_values import rounds
from tests.factories import make_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> LlamaModel:
    projector = make_model("eye", path="/srv/models/mmproj.gguf", kind="projector")
    return make_model("Coder", path="/srv/models/coder.gguf", projector=projector)


def test_a_section_holds_all_that_is_inherited_but_the_defaults(model: LlamaModel) -> None:
    change(global_defaults().pk, {"options": {"parallel": 2, "temp": 0.1}})
    create({"name": "own", "llama_model": model, "is_default": True, "options": {"threads": 4}})
    create({"name": "mine", "llama_model": model, "options": {"temp": 0.2, "jinja": False}})
    text = models_ini({}).text
    assert text.split("\n\n")[1] == "[*]\nparallel = 2\ntemp = 0.1"
    assert text.split("\n\n")[2] == (
        "[mine]\nmodel = /srv/models/coder.gguf\nmmproj = /srv/models/mmproj.gguf\n"
        "ctx-size = 8192\nthreads = 4\njinja = false\ntemp = 0.2"
    )


def test_an_exported_file_changes_nothing_when_it_is_read_back(model: LlamaModel) -> None:
    change(global_defaults().pk, {"options": {"kv-offload": False, "device": "CUDA0"}})
    create({"name": "own", "llama_model": model, "is_default": True, "options": {"threads": 4}})
    create({"name": "a/b:Q4", "llama_model": model, "options": {"temp": 0.2, "swa-full": True}})
    assert {each.action for each in plan(models_ini({}).text).presets} == {SAME}
    assert {each.action for each in plan(json.dumps(presets_json())).presets} == {SAME}


def test_what_the_engine_does_not_know_is_left_out_and_said(model: LlamaModel) -> None:
    known = parse_help("--ctx-size N\n--kv-offload, --no-kv-offload\n")
    create({"name": "x", "llama_model": model, "options": {"temp": 0.2, "kv-offload": False}})
    export = models_ini(known)
    assert "temp =" not in export.text
    assert "kv-offload = false" in export.text
    assert [left.what for left in export.left_out] == ["x: temp"]


def test_a_preset_of_any_model_has_no_section(model: LlamaModel) -> None:
    create({"name": "free", "options": {"temp": 0.2}})
    export = models_ini({})
    assert (export.n_presets, [left.what for left in export.left_out]) == (0, ["free"])


def test_what_such_a_file_cannot_hold_is_left_out_and_said(settings: LazySettings) -> None:
    settings.ALLOW_FLAGS = ["override-tensor"]
    odd = make_model("odd", path="/srv/models/a ;b.gguf")
    create({"name": "odd", "llama_model": odd})
    model = make_model()
    create({"name": "x", "llama_model": model, "options": {"override-tensor": "a\n[b]"}})
    export = models_ini({})
    assert {left.what for left in export.left_out} == {"odd", "x: override-tensor"}
    assert "[b]" not in export.text


def test_what_is_off_is_written_as_it_may_be_on_elsewhere(model: LlamaModel) -> None:
    change(global_defaults().pk, {"options": {"swa-full": True, "mlock": True}})
    create({"name": "x", "llama_model": model, "options": {"swa-full": False}})
    text = models_ini({}).text
    assert text.count("swa-full = true") == text.count("swa-full = false") == 1
    assert {each.action for each in plan(text).presets} == {SAME}


def test_reading_a_file_back_keeps_what_it_could_not_hold(
    model: LlamaModel, settings: LazySettings
) -> None:
    settings.ALLOW_FLAGS = ["override-tensor"]
    known = parse_help("--ctx-size N\n--swa-full\n--override-tensor X\n--temp N\n")
    mine = {"ctx-size": 512, "threads": 4, "override-tensor": "a;b", "temp": 0.2}
    preset = create({"name": "x", "llama_model": model, "options": mine})
    text = models_ini(known).text
    assert "; not in this file: threads, This llama-server does not know --threads." in text
    assert {each.action for each in plan(text).presets} == {SAME}
    apply(plan(text.replace("temp = 0.2", "temp = 0.5")))
    preset.refresh_from_db()
    assert preset.options == mine | {"temp": 0.5}
    Preset.objects.named().delete()
    new = plan(text).presets[1]
    assert {"threads", "override-tensor"} <= {left.what for left in new.left_out}


def test_the_spelling_is_one_that_the_engine_knows(model: LlamaModel) -> None:
    options = {"spec-draft-ngl": 4, "kv-offload": False}
    create({"name": "x", "llama_model": model, "options": options})
    text = models_ini(parse_help("-ngld N\n--no-kv-offload\n--ctx-size N\n")).text
    assert "\nngld = 4\n" in text and "\nno-kv-offload = true\n" in text
    assert {each.action for each in plan(text).presets} == {SAME}


def test_a_files_name_cannot_add_a_line_to_an_export(model: LlamaModel) -> None:
    draft = make_model("d", path="/srv/a\n[b]\ntemp = 1,\n.gguf", kind="adapter")
    create({"name": "x", "llama_model": model, "options": {"lora": str(draft.pk)}})
    assert "[b]" not in models_ini({}).text.splitlines()


def test_every_option_is_the_same_after_a_file_was_read_back(
    model: LlamaModel, settings: LazySettings
) -> None:
    settings.ALLOW_FLAGS = ["override-tensor", "chat-template-kwargs", "props"]
    draft = make_model("draft", path="/srv/models/draft.gguf")
    adapter = make_model("tone", path="/srv/models/tone.gguf", kind="adapter")
    for options in rounds(allow_list().flags, draft.pk, adapter.pk):
        preset = create({"name": "x", "llama_model": model, "options": options})
        for text in (models_ini({}).text, json.dumps(presets_json())):
            planned = plan(text).presets[1]
            assert (planned.action, planned.changes) == (SAME, [])
        preset.delete()


PERMITTED = ["override-tensor", "chat-template-kwargs", "props", "brand-new"]
KNOWN = parse_help("--ctx-size N\n--swa-full\n--props\n--brand-new X\n--temp N\n")
a_text = st.text(st.sampled_from("ab1 =:;#'\"-\\,\n[]*truefals\u202eé"), max_size=6)
a_value = st.one_of(st.booleans(), st.integers(-2, 5), st.floats(0, 1), a_text)
a_set = st.dictionaries(
    st.sampled_from([*FLAGS, *PERMITTED]),
    st.one_of(a_value, st.sampled_from(["on", "q8_0", "top_k;top_p", "CUDA0", "layer", "-1"])),
    max_size=7,
)


@hypothesis.settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(shared=a_set, own=a_set, named=a_set)
def test_any_presets_are_the_same_after_their_file_was_read_back(
    model: LlamaModel, settings: LazySettings, shared: Any, own: Any, named: Any
) -> None:
    settings.ALLOW_FLAGS = PERMITTED
    Preset.objects.all().delete()
    for values in (
        {"name": "*", "is_default": True, "options": possible(shared)},
        {"name": "own", "llama_model": model, "is_default": True, "options": possible(own)},
        {"name": "x", "llama_model": model, "options": possible(named)},
    ):
        Preset.objects.create(**values)
    for known in ({}, KNOWN):
        found = plan(models_ini(known).text)
        assert {each.action for each in found.presets} <= {SAME, SKIP}
        # Rows that were made past the checks may hold what cannot go together.
        problems = {each.problem for each in found.presets if each.action == SKIP}
        assert all(re.search("flash attention|not both|cannot share", each) for each in problems)


def possible(options: dict[str, Any]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, value in options.items():
        flag = allow_list().flags[name]
        if not isinstance(flag, Registered):
            with suppress(FlagError):
                found[name] = flag.parse(value)
    return allow_list().ordered(found)
