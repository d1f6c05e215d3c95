"""Making, changing, copying and removing presets."""

from __future__ import annotations

from typing import Any

import pytest

from engine_app.models import Engine, Preset
from engine_app.models.preset import DEFAULTS_NAME
from engine_app.preset_editing import (
    PresetError,
    change,
    create,
    duplicate,
    free_name,
    global_defaults,
    remove,
)
from tests.factories import make_model

pytestmark = pytest.mark.django_db


def problems(values: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(PresetError) as caught:
        create(values)
    return caught.value.problems


def test_options_are_stored_checked_under_their_long_names() -> None:
    preset = create({"name": "  my   coder ", "options": {"temp": "0.5", "-c": "8,192"}})
    preset.refresh_from_db()
    assert preset.name == "my coder"
    assert list(preset.options.items()) == [("ctx-size", 8192), ("temp", 0.5)]


def test_every_wrong_option_is_named_and_nothing_is_stored() -> None:
    found = problems({"name": "x", "options": {"tools": "all", "ctx-size": "x", "temp": 1}})
    assert set(found) == {"options.tools", "options.ctx-size"}
    assert not Preset.objects.named().exists()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "*",
        "Defaults",
        "a[b",
        "a]b",
        "a,b",
        "a;b",
        "a#b",
        "a=b",
        "x" * 101,
        "a\u202eb",
        None,
    ],
)
def test_names_that_files_and_people_could_not_tell_apart_are_refused(name: object) -> None:
    assert set(problems({"name": name})) == {"name"}


def test_a_name_is_there_once_in_whatever_case() -> None:
    create({"name": "Größe"})
    assert set(problems({"name": "GRÖSSE"})) == {"name"}


def test_a_model_has_one_default() -> None:
    model = make_model()
    create({"name": "first", "llama_model": model, "is_default": True})
    second = {"name": "second", "llama_model": model, "is_default": True}
    assert "first" in problems(second)["is_default"]
    assert set(problems({"name": "third", "is_default": True})) == {"is_default"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("llama_model", 999),
        ("llama_model", "1"),
        ("llama_model", True),
        ("options", [1]),
        ("notes", "x" * 20_001),
        ("notes", "\ud800"),
        ("binary_key", "../x"),
        ("is_default", 1),
        ("favourite", True),
    ],
)
def test_other_wrong_values_name_their_field(field: str, value: object) -> None:
    assert set(problems({"name": "x", field: value})) == {field}


def test_what_cannot_go_together_with_what_is_inherited_is_refused() -> None:
    change(global_defaults().pk, {"options": {"flash-attn": "off"}})
    found = problems({"name": "x", "options": {"cache-type-v": "q8_0"}})
    assert "flash attention" in found["options.cache-type-v"]


def test_the_defaults_are_one_row_that_cannot_be_renamed_or_removed() -> None:
    defaults = global_defaults()
    assert global_defaults() == defaults
    assert change(defaults.pk, {"name": DEFAULTS_NAME, "options": {"threads": 4}}).options
    for values in ({"name": "other"}, {"llama_model": make_model()}, {"is_default": False}):
        with pytest.raises(PresetError):
            change(defaults.pk, values)
    with pytest.raises(PresetError, match="cannot be deleted"):
        remove(defaults)


def test_a_copy_gets_the_next_free_name_and_is_nobodys_default() -> None:
    model = make_model()
    preset = create({"name": "own", "llama_model": model, "is_default": True, "notes": "n"})
    copy = duplicate(preset)
    assert (copy.name, copy.is_default, copy.notes) == ("own 2", False, "n")
    assert copy.llama_model == model
    assert duplicate(preset).name == "own 3"
    assert duplicate(global_defaults()).name == "defaults preset"


def test_any_text_leads_to_a_name_that_is_taken() -> None:
    for text in ("", "*", "a,b;c", "x" * 500, "[]"):
        create({"name": free_name(text)})


def test_a_preset_that_an_engine_runs_with_is_not_removed() -> None:
    preset = create({"name": "busy"})
    engine = Engine.objects.create(
        llama_model=make_model(), preset=preset, node="here", state="ready"
    )
    with pytest.raises(PresetError, match="stop it first"):
        remove(preset)
    Engine.objects.filter(pk=engine.pk).update(state="stopped")
    remove(preset)
    assert not Engine.objects.exists()


def test_a_preset_leaves_no_engine_behind_with_another_model() -> None:
    model, other = make_model("here"), make_model("there")
    preset = create({"name": "roaming"})
    engine = Engine.objects.create(llama_model=model, preset=preset, node="here")
    with pytest.raises(PresetError, match="here has an engine with this preset"):
        change(preset.pk, {"llama_model": other})
    assert change(preset.pk, {"llama_model": model, "notes": "fits"}).llama_model == model
    engine.delete()
    assert change(preset.pk, {"llama_model": other}).llama_model == other
