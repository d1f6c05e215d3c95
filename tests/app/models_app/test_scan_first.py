from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from models_app.core.facts import derive
from models_app.core.file_names import parse_file_name
from models_app.core.gguf import read
from models_app.core.tensors import summarise
from models_app.models import LlamaModel, ScanState
from tests.fakes.gguf_models import llama_31_8b, llama_like
from tests.fakes.gguf_writer import GGUFBuilder
from tests.scans import file_at, last_run, model_at, scan_of

pytestmark = pytest.mark.django_db


def test_an_empty_folder_is_a_scan_without_models(tmp_path: Path) -> None:
    report = scan_of(tmp_path)
    assert (report.state, report.roots, report.files, report.models) == (ScanState.DONE, 1, 0, 0)


def test_a_model_is_stored_with_what_its_header_says(tmp_path: Path) -> None:
    path = llama_31_8b(tmp_path / "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf")
    scan_of(tmp_path)
    model = model_at(path)
    assert model.name == "Meta Llama 3.1 8B Instruct"
    assert (model.kind, model.architecture, model.quantization) == ("chat", "llama", "Q4_K_M")
    assert (model.parameters, model.context_length) == (8_030_261_248, 131_072)
    assert (model.state, model.reason, model.parse_source) == ("ok", "", "header")
    assert model.size_bytes == path.stat().st_size


def test_memory_is_estimated_at_the_context_of_the_option(tmp_path: Path) -> None:
    path = llama_31_8b(tmp_path / "a.gguf")
    scan_of(tmp_path)
    model = model_at(path)
    assert (model.memory_context, model.cache_bytes) == (8192, 1024 << 20)
    assert model.memory_bytes is not None and model.memory_bytes > model.size_bytes


def test_a_model_of_a_smaller_context_is_estimated_at_its_own(tmp_path: Path) -> None:
    path = llama_like(tmp_path / "a.gguf", context=2048)
    scan_of(tmp_path)
    assert model_at(path).memory_context == 2048


def test_what_cannot_be_estimated_has_no_memory_figures(tmp_path: Path) -> None:
    path = GGUFBuilder().value("general.architecture", "llama").write(tmp_path / "a.gguf")
    scan_of(tmp_path)
    model = model_at(path)
    assert (model.memory_context, model.memory_bytes) == (None, None)


def test_the_file_keeps_its_key_values_and_the_size_of_long_arrays(tmp_path: Path) -> None:
    path = llama_like(tmp_path / "a.gguf", vocab=320)
    scan_of(tmp_path)
    file = file_at(path)
    assert file.metadata["llama.block_count"] == 2
    assert file.metadata["tokenizer.ggml.tokens"] == {"type": 8, "count": 320, "items": None}
    assert file.tensors is not None and file.tensors["count"] == 21


def test_counts_say_what_was_added(tmp_path: Path) -> None:
    for name in ("a", "b"):
        llama_like(tmp_path / f"{name}.gguf", name=name)
    (tmp_path / "broken.gguf").write_bytes(b"GGUF")
    report = scan_of(tmp_path)
    assert (report.files, report.models, report.added, report.invalid) == (3, 3, 3, 1)
    run = last_run()
    assert (run.state, run.n_files, run.n_models, run.n_added, run.n_read) == ("done", 3, 3, 3, 3)


@pytest.mark.parametrize(
    ("general_name", "file_name", "shown"),
    [
        ("Qwen3 8B", "x.gguf", "Qwen3 8B"),
        (None, "Qwen3-8B-Q4_K_M.gguf", "Qwen3 8B"),
        ("model", "Qwen3-8B-Q4_K_M.gguf", "Qwen3 8B"),
        ("/home/me/checkpoints/7", "Qwen3-8B-Q4_K_M.gguf", "Qwen3 8B"),
        ("b0c53fa7e0d53a8d8b9c53fa7e0d53a8d8b9c534", "Qwen3-8B-Q4_K_M.gguf", "Qwen3 8B"),
        ("  ", "model.gguf", "model"),
        (None, "org_Qwen3-8B-GGUF_Qwen3-8B-Q4_K_M.gguf", "Qwen3 8B"),
    ],
)
def test_a_name_that_names_nothing_is_taken_from_the_file(
    tmp_path: Path, general_name: str | None, file_name: str, shown: str
) -> None:
    llama_like(tmp_path / file_name, name=general_name)
    scan_of(tmp_path)
    assert LlamaModel.objects.get().name == shown


def test_a_search_finds_name_architecture_and_path(tmp_path: Path) -> None:
    llama_like(tmp_path / "Some-File.gguf", name="Grand Name")
    scan_of(tmp_path)
    assert LlamaModel.objects.matching("grand LLAMA some-file").exists()
    assert not LlamaModel.objects.matching("grand mistral").exists()


def test_all_facts_are_stored_but_the_template(tmp_path: Path) -> None:
    path = llama_like(
        tmp_path / "a.gguf",
        values={"general.base_model.count": 1, "general.base_model.0.name": "Base"},
    )
    scan_of(tmp_path)
    header = read(path)
    facts = asdict(derive(header, summarise(header.tensors), parse_file_name(path.name)))
    del facts["chat_template"]
    assert model_at(path).facts == json.loads(json.dumps(facts))
