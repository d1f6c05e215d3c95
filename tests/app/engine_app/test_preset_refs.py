"""Presets that name a draft model and adapters of the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from engine_app import preset_refs
from engine_app.memory.need import question
from engine_app.models import Engine, EngineBinary, Preset
from engine_app.preset_editing import PresetError, change, create
from engine_app.preset_export import models_ini, presets_json
from engine_app.preset_import import apply, plan
from engine_app.preset_memory import fit_of
from engine_app.running.orders import Refusal, order
from models_app.models import LlamaModel
from tests.factories import make_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> LlamaModel:
    return make_model("Big")


@pytest.fixture
def draft() -> LlamaModel:
    return make_model("Small", size_bytes=1 << 30)


@pytest.fixture
def adapter() -> LlamaModel:
    return make_model("Pirate", kind="adapter", size_bytes=50 << 20)


def test_a_preset_names_entries_of_the_registry(
    model: LlamaModel, draft: LlamaModel, adapter: LlamaModel
) -> None:
    options = {"spec-draft-model": draft.pk, "lora": f"{adapter.pk}:0.5"}
    preset = create({"name": "quick", "llama_model": model, "options": options})
    assert preset.options == {"lora": f"{adapter.pk}:0.5", "spec-draft-model": draft.pk}


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("spec-draft-model", "/etc/passwd", "a path is not taken"),
        ("spec-draft-model", 999_999, "has no draft model 999999"),
        ("lora", "999999", "has no adapter 999999"),
    ],
)
def test_what_the_registry_does_not_have_is_refused(
    model: LlamaModel, option: str, value: object, words: str
) -> None:
    with pytest.raises(PresetError, match=words) as caught:
        create({"name": "quick", "llama_model": model, "options": {option: value}})
    assert f"options.{option}" in caught.value.problems


def test_each_is_of_its_kind(model: LlamaModel, draft: LlamaModel, adapter: LlamaModel) -> None:
    with pytest.raises(PresetError, match="Small is no adapter: chat"):
        create({"name": "quick", "options": {"lora": str(draft.pk)}})
    with pytest.raises(PresetError, match="Pirate is no draft model: adapter"):
        create({"name": "quick", "options": {"spec-draft-model": adapter.pk}})


def test_the_api_takes_numbers_and_no_paths(
    admin_client: Client, model: LlamaModel, draft: LlamaModel
) -> None:
    def post(value: object) -> Any:
        body = {"name": "quick", "model": model.pk, "options": {"spec-draft-model": value}}
        return admin_client.post("/api/presets/", body, content_type="application/json")

    assert post("/models/draft.gguf").status_code == 422
    answer = post(draft.pk)
    assert answer.status_code == 201
    assert f"--spec-draft-model {draft.path}" in answer.json()["command"]


def test_the_page_offers_what_can_be_chosen(
    admin_client: Client, model: LlamaModel, draft: LlamaModel, adapter: LlamaModel
) -> None:
    page = admin_client.get(f"/presets/new/?model={model.pk}").content.decode()
    assert f'<option value="{draft.pk}">Small' in page
    assert f'<option value="{adapter.pk}">' not in page
    form = {
        "name": "quick", "model": model.pk, "o.spec-draft-model": draft.pk, "o.lora": "pirate:0.5",
    }  # fmt: skip
    admin_client.post("/presets/new/", form)
    preset = Preset.objects.get(name="quick")
    assert preset.options == {"spec-draft-model": draft.pk, "lora": f"{adapter.pk}:0.5"}
    page = admin_client.get(f"/presets/{preset.pk}/").content.decode()
    assert f'<option value="{draft.pk}" selected>' in page
    assert 'value="Pirate:0.5"' in page
    assert draft.path in page


def test_a_chosen_one_that_is_missing_stays_chosen(
    admin_client: Client, model: LlamaModel, draft: LlamaModel
) -> None:
    options = {"spec-draft-model": draft.pk}
    preset = create({"name": "quick", "llama_model": model, "options": options})
    LlamaModel.objects.filter(pk=draft.pk).update(state="missing")
    page = admin_client.get(f"/presets/{preset.pk}/").content.decode()
    assert f'<option value="{draft.pk}" selected>Small' in page
    assert "Small cannot be loaded: missing." in page


def test_a_path_among_more_arguments_is_not_taken(admin_client: Client, model: LlamaModel) -> None:
    form = {"name": "quick", "model": model.pk, "more": "-md /etc/passwd"}
    answer = admin_client.post("/presets/new/", form)
    assert answer.status_code == 422
    assert "chosen from the registry" in answer.content.decode()
    assert not Preset.objects.filter(name="quick").exists()


def test_the_list_shows_names(admin_client: Client, model: LlamaModel, draft: LlamaModel) -> None:
    create({"name": "quick", "llama_model": model, "options": {"spec-draft-model": draft.pk}})
    assert "Draft model Small" in admin_client.get("/presets/").content.decode()


def test_their_size_is_taken_off_what_is_free(model: LlamaModel, draft: LlamaModel) -> None:
    def fits(options: dict[str, Any]) -> int:
        answer = fit_of(model, {"ctx-size": 4096, "parallel": 1, **options}, None)
        free = answer.loads[0].spot.free_bytes
        assert free is not None
        return free

    assert fits({}) - fits({"spec-draft-model": draft.pk}) == draft.size_bytes


def test_another_vocabulary_is_warned_of(model: LlamaModel, draft: LlamaModel) -> None:
    options: dict[str, Any] = {"spec-draft-model": draft.pk}
    assert preset_refs.warnings(model, options) == []
    changed = {**model.files.get().metadata, "tokenizer.ggml.tokens": {"count": 32_000}}
    draft.files.update(metadata=changed)
    assert "another one" in " ".join(preset_refs.warnings(model, options))
    draft.files.update(metadata={})
    assert "not known" in " ".join(preset_refs.warnings(model, options))
    assert "itself" in " ".join(preset_refs.warnings(draft, options))


@pytest.fixture
def program(settings: Any) -> EngineBinary:
    return EngineBinary.objects.create(
        key="k", program=["/bin/llama-server"], build="b1",
        help_text="-m, --model FNAME  model\n--lora FNAME  x\n--lora-scaled F  x\n"
        "-md, --spec-draft-model FNAME  draft\n--spec-type T  x\n-c, --ctx-size N  x\n"
        "--alias A  x\n--host H  x\n--port P  x\n",
    )  # fmt: skip


def test_a_start_checks_and_is_given_their_files(
    model: LlamaModel, draft: LlamaModel, adapter: LlamaModel, program: EngineBinary
) -> None:
    options = {"spec-draft-model": draft.pk, "lora": str(adapter.pk)}
    preset = create({"name": "quick", "llama_model": model, "options": options})
    engine = Engine.objects.create(llama_model=model, preset=preset, node="here")
    found = order(engine.pk, 1)
    words = found.argv(18_100)
    assert words[words.index("--spec-draft-model") + 1] == draft.path
    assert words[words.index("--lora") + 1] == adapter.path
    assert {Path(draft.path), Path(adapter.path)} <= set(found.files)
    assert found.memory.beside_bytes == draft.size_bytes + adapter.size_bytes
    LlamaModel.objects.filter(pk=draft.pk).update(state="missing")
    with pytest.raises(Refusal, match="Small cannot be loaded: missing"):
        order(engine.pk, 1)


def test_other_files_beside_it_are_another_start_for_what_was_measured(
    model: LlamaModel, draft: LlamaModel, program: EngineBinary
) -> None:
    options: dict[str, Any] = {"ctx-size": 4096, "spec-draft-model": draft.pk}
    before = question(model, options, program).start
    draft.files.update(scan_key="another")
    assert question(model, options, program).start != before


def test_files_are_exported_and_come_back(
    model: LlamaModel, draft: LlamaModel, adapter: LlamaModel
) -> None:
    options = {"spec-draft-model": draft.pk, "lora": f"{adapter.pk}:0.5"}
    create({"name": "quick", "llama_model": model, "options": options})
    text = models_ini({}).text
    assert f"spec-draft-model = {draft.path}" in text
    assert f"lora-scaled = {adapter.path}:0.5" in text
    assert plan(text).n_to_do == 0
    Preset.objects.filter(name="quick").delete()
    apply(plan(text))
    back = Preset.objects.get(name="quick").options
    assert {name: back[name] for name in options} == options


def test_json_holds_paths_instead_of_numbers(model: LlamaModel, draft: LlamaModel) -> None:
    create({"name": "quick", "llama_model": model, "options": {"spec-draft-model": draft.pk}})
    found = next(each for each in presets_json() if each["name"] == "quick")
    assert found["options"] == {"spec-draft-model": draft.path}


def test_an_imported_file_that_is_not_registered_is_left_out_with_the_reason(
    model: LlamaModel, draft: LlamaModel
) -> None:
    text = f"llama-server -m {model.path} -md /no/such.gguf --lora {draft.path} -c 4096"
    found = plan(text, "quick").presets[0]
    assert found.options == {"ctx-size": 4096}
    words = {each.what: each.why for each in found.left_out}
    assert "no draft model /no/such.gguf" in words["-md"]
    assert "no adapter" in words["--lora"]


def test_a_draft_that_is_gone_from_the_registry_is_said(
    model: LlamaModel, draft: LlamaModel
) -> None:
    preset = create(
        {"name": "quick", "llama_model": model, "options": {"spec-draft-model": draft.pk}}
    )
    draft.delete()
    with pytest.raises(PresetError, match="has no draft model"):
        change(preset.pk, {"options": preset.options})
