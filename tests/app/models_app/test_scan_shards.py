from __future__ import annotations

from pathlib import Path

import pytest

from models_app.models import LlamaModel, ModelFile
from tests.fakes.gguf_models import llama_like
from tests.scans import last_run, model_at, scan_of

pytestmark = pytest.mark.django_db


def shard(folder: Path, number: int, total: int = 3, **changes: object) -> Path:
    path = folder / f"Big-8B-Q4_K_M-{number:05d}-of-{total:05d}.gguf"
    return llama_like(path, name="Big", split=(number - 1, total), **changes)  # type: ignore[arg-type]


def whole(folder: Path) -> list[Path]:
    return [shard(folder, number) for number in (1, 2, 3)]


def test_shards_are_one_model_loaded_by_its_first(tmp_path: Path) -> None:
    paths = whole(tmp_path)
    report = scan_of(tmp_path)
    assert (report.files, report.models, report.added) == (3, 1, 1)
    model = LlamaModel.objects.get()
    assert (model.path, model.state, model.name) == (str(paths[0]), "ok", "Big")
    assert model.size_bytes == sum(path.stat().st_size for path in paths)


def test_parameters_are_those_of_all_shards(tmp_path: Path) -> None:
    whole(tmp_path)
    one = llama_like(tmp_path / "one.gguf")
    scan_of(tmp_path)
    split = LlamaModel.objects.get(name="Big")
    assert split.parameters == model_at(one).parameters
    assert split.weights_bytes == model_at(one).weights_bytes


def test_files_know_their_place(tmp_path: Path) -> None:
    whole(tmp_path)
    scan_of(tmp_path)
    places = list(ModelFile.objects.values_list("shard_number", "shard_count"))
    assert places == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        ((1, 3), "Shard 2 of 3 is missing."),
        ((3,), "Shards 1, 2 of 3 are missing."),
    ],
)
def test_a_missing_shard_is_named(tmp_path: Path, there: tuple[int, ...], reason: str) -> None:
    for number in there:
        shard(tmp_path, number)
    report = scan_of(tmp_path)
    model = LlamaModel.objects.get()
    assert (model.state, model.reason, report.incomplete) == ("incomplete", reason, 1)
    assert model.file_name == "Big-8B-Q4_K_M-00001-of-00003.gguf"


def test_without_its_first_shard_only_the_name_is_known(tmp_path: Path) -> None:
    shard(tmp_path, 2)
    scan_of(tmp_path)
    model = LlamaModel.objects.get()
    assert (model.parse_source, model.quantization, model.context_length) == (
        "name",
        "Q4_K_M",
        None,
    )


def test_a_shard_that_arrives_later_completes_the_model(tmp_path: Path) -> None:
    shard(tmp_path, 1)
    shard(tmp_path, 2)
    scan_of(tmp_path)
    before = LlamaModel.objects.get()
    shard(tmp_path, 3)
    report = scan_of(tmp_path)
    after = LlamaModel.objects.get()
    assert (after.pk, after.state, after.reason, report.updated) == (before.pk, "ok", "", 1)


def test_a_shard_that_vanishes_makes_the_model_incomplete(tmp_path: Path) -> None:
    paths = whole(tmp_path)
    scan_of(tmp_path)
    paths[1].unlink()
    scan_of(tmp_path)
    model = LlamaModel.objects.get()
    assert (model.state, model.reason) == ("incomplete", "Shard 2 of 3 is missing.")
    assert ModelFile.objects.get(path=paths[1]).state == "missing"


def test_an_incomplete_model_is_not_read_again_and_again(tmp_path: Path) -> None:
    shard(tmp_path, 1)
    scan_of(tmp_path)
    scan_of(tmp_path)
    assert last_run().n_read == 0


def test_a_half_shard_is_named(tmp_path: Path) -> None:
    shard(tmp_path, 1)
    shard(tmp_path, 2, data="cut")
    shard(tmp_path, 3)
    scan_of(tmp_path)
    model = LlamaModel.objects.get()
    assert model.state == "incomplete"
    assert model.reason.startswith("Shard 2 of 3: ") and "of" in model.reason[14:]


def test_a_broken_shard_makes_the_model_invalid(tmp_path: Path) -> None:
    shard(tmp_path, 1)
    shard(tmp_path, 2).write_bytes(b"<html>")
    shard(tmp_path, 3)
    scan_of(tmp_path)
    model = LlamaModel.objects.get()
    assert model.state == "invalid" and model.reason.startswith("Shard 2 of 3: ")


def test_a_shard_under_another_shards_name_is_said(tmp_path: Path) -> None:
    shard(tmp_path, 1)
    shard(tmp_path, 2).rename(tmp_path / "x")
    llama_like(shard(tmp_path, 2), name="Big", split=(2, 3))
    shard(tmp_path, 3)
    scan_of(tmp_path)
    model = LlamaModel.objects.get()
    assert model.state == "invalid"
    assert model.reason == "Shard 2 of 3: the file itself says shard 3 of 3."


def test_a_renamed_shard_alone_is_no_model(tmp_path: Path) -> None:
    shard(tmp_path, 1).rename(tmp_path / "big.gguf")
    scan_of(tmp_path)
    model = LlamaModel.objects.get()
    assert model.state == "incomplete"
    assert model.reason == "It is one of 3 shards, but its name does not say which."
