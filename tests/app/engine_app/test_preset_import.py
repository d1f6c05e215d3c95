"""Presets from files of other programs: a plan, then its doing."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from engine_app.core.imported import ImportedError
from engine_app.models import Preset
from engine_app.preset_editing import change, create, global_defaults
from engine_app.preset_import import apply, decoded, plan
from engine_app.preset_planning import ADD, CHANGE, SAME, SKIP, Planned
from models_app.models import LlamaModel, ModelAlias
from tests.factories import make_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> LlamaModel:
    return make_model("Coder", path="/srv/models/coder-Q4_K_M.gguf")


def only(text: str) -> Planned:
    (planned,) = plan(text).presets
    return planned


def test_planning_changes_nothing(model: LlamaModel) -> None:
    Preset.objects.all().delete()
    plan("[*]\nc = 1024\n[a]\nc = 2048\n")
    assert not Preset.objects.exists()


def test_a_plan_is_done_as_it_was_shown(model: LlamaModel) -> None:
    create({"name": "old", "options": {"temp": 0.5}})
    text = f"[*]\nc = 1024\n[new]\nmodel = {model.path}\nc = 2048\n[OLD]\ntemp = 0.7\n"
    wanted = plan(text)
    assert [(each.name, each.action) for each in wanted.presets] == [
        ("*", CHANGE), ("new", ADD), ("old", CHANGE),
    ]  # fmt: skip
    done = apply(wanted)
    assert (done.n_added, done.n_changed) == (1, 2)
    assert global_defaults().options == {"ctx-size": 1024}
    assert Preset.objects.get(name="new").llama_model == model
    assert Preset.objects.get(name="old").options == {"temp": 0.7}
    assert {each.action for each in plan(text).presets} == {SAME}


def test_what_is_inherited_anyway_is_no_change(model: LlamaModel) -> None:
    change(global_defaults().pk, {"options": {"parallel": 2}})
    create({"name": "mine", "llama_model": model, "options": {"ctx-size": 4096}})
    text = "[mine]\nc = 4096\nnp = 2\n"
    assert only(text).action == SAME
    assert [c.option for c in only(text + "temp = 0.2\n").changes] == ["temp"]


@pytest.mark.parametrize(
    "section",
    [
        "[x]\nmodel = /srv/models/coder-Q4_K_M.gguf",
        "[x]\nmodel = /other/place/coder-Q4_K_M.gguf",
        "[coder]",
        "[coder-Q4_K_M]",
        "[my-alias]",
        "[x]\nalias = my-alias",
    ],
)
def test_the_model_is_found_by_path_file_name_or_alias(section: str, model: LlamaModel) -> None:
    ModelAlias.objects.create(name="my-alias", llama_model=model)
    assert only(f"{section}\nc = 512\n").llama_model == model


def test_a_model_that_is_not_registered_is_said_and_its_options_kept() -> None:
    planned = only("[x]\nmodel = /nowhere/big.gguf\nc = 512\n")
    assert planned.llama_model is None
    assert "not in the registry" in planned.left_out[0].why
    apply(plan("[x]\nmodel = /nowhere/big.gguf\nc = 512\n"))
    assert Preset.objects.get(name="x").options == {"ctx-size": 512}


def test_two_files_of_one_name_are_not_guessed_between() -> None:
    make_model(path="/a/same.gguf")
    make_model(path="/b/same.gguf")
    assert only("[x]\nmodel = /c/same.gguf\nc = 512\n").llama_model is None


def test_a_command_takes_the_given_name_or_that_of_its_model(model: LlamaModel) -> None:
    command = f"llama-server -m {model.path} -c 4096"
    assert plan(command).presets[0].name == "Coder"
    assert plan(command, "mine").presets[0].name == "mine"


def test_nothing_usable_and_names_that_come_twice_are_skipped() -> None:
    presets = plan(
        '[{"name": "a", "options": {"threads": 2}}, {"name": "A", "options": {"threads": 3}}]'
    )
    assert [each.action for each in presets.presets] == [ADD, ADD]
    assert [each.name for each in presets.presets] == ["a", "A 2"]
    assert only("[x]\ntools = all\n").action == SKIP


def test_a_name_of_a_file_that_cannot_be_one_here_is_made_one() -> None:
    planned = plan("models:\n  'a,b*':\n    cmd: llama-server -c 512\n").presets[0]
    assert planned.name == "a b"


@pytest.mark.parametrize("text", ["", "hello", "{}", "{", "models:\n- cmd"])
def test_other_texts_are_refused_with_words(text: str) -> None:
    with pytest.raises(ImportedError):
        plan(text)


def test_bytes_that_are_no_text_or_too_many_are_refused() -> None:
    assert decoded("\ufeffä".encode()) == "ä"
    for raw in (b"\xff\xfe", b"x" * 300_000):
        with pytest.raises(ImportedError):
            decoded(raw)


def test_what_could_not_be_started_is_skipped_with_the_reason(model: LlamaModel) -> None:
    text = "[*]\nflash-attn = off\n[x]\nctk = q8_0\n[y]\nctv = q8_0\n"
    wanted = plan(text)
    assert [each.action for each in wanted.presets] == [CHANGE, ADD, SKIP]
    assert "flash attention" in wanted.presets[2].problem
    done = apply(wanted)
    assert (done.n_added, done.n_changed) == (1, 1)


def test_notes_and_a_default_that_a_file_brings_are_changes(model: LlamaModel) -> None:
    create({"name": "x", "llama_model": model, "options": {"threads": 2}})
    text = f'[{{"name": "x", "model": "{model.path}", "options": {{"threads": 2}}'
    assert plan(text + "}]").presets[0].action == SAME
    for more in (', "notes": "n"}]', ', "is_default": true}]'):
        assert plan(text + more).presets[0].action == CHANGE


@pytest.mark.parametrize("name", ["Defaults", "DEFAULTS", "a,b*"])
def test_a_name_that_cannot_be_one_here_becomes_the_same_one_each_time(name: str) -> None:
    text = f'[{{"name": "{name}", "options": {{"threads": 2}}}}]'
    apply(plan(text))
    preset = Preset.objects.named().get()
    assert preset.name not in (name, "*")
    assert only(text).action == SAME
    assert global_defaults().options == {}


def test_what_is_inherited_is_not_written_into_a_preset_that_changes(model: LlamaModel) -> None:
    change(global_defaults().pk, {"options": {"parallel": 2}})
    preset = create({"name": "mine", "llama_model": model, "options": {"temp": 0.1}})
    apply(plan("[mine]\nctx-size = 8192\nparallel = 2\ntemp = 0.5\n"))
    preset.refresh_from_db()
    assert preset.options == {"temp": 0.5}


def test_many_models_are_planned_with_few_questions(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for n in range(20):
        make_model(f"M{n}", path=f"/srv/m{n}.gguf", files=False)
    models = "".join(
        f"  m{n}: {{cmd: llama-server -m /srv/m{n}.gguf -c 512, aliases: [a{n}], ttl: 5}}\n"
        for n in range(20)
    )
    with django_assert_max_num_queries(10):
        assert plan(f"models:\n{models}").n_to_do == 20
