"""Presets into a models.ini and back."""

from __future__ import annotations

import json

import pytest
from django.conf import LazySettings

from engine_app.core.help_text import parse_help
from engine_app.preset_editing import change, create, global_defaults
from engine_app.preset_export import models_ini, presets_json
from engine_app.preset_import import SAME, plan
from engine_app.presets import effective_options
from models_app.models import LlamaModel
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
    known = parse_help("--ctx-size N\n--no-kv-offload\n")
    create({"name": "x", "llama_model": model, "options": {"temp": 0.2, "kv-offload": False}})
    export = models_ini(known)
    assert "temp" not in export.text
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


def test_a_switch_that_is_off_without_an_opposite_is_not_written(model: LlamaModel) -> None:
    preset = create({"name": "x", "llama_model": model, "options": {"swa-full": False}})
    assert "swa-full" not in models_ini({}).text
    assert effective_options(model, preset).options["swa-full"] is False
