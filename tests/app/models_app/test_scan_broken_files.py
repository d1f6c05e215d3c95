from __future__ import annotations

import os
from pathlib import Path

import pytest

from llamadash.formats import size
from models_app.core.tensors import MAX_SUM
from models_app.models import LlamaModel, ModelFile, ScanState
from tests.fakes.gguf_hostile import HOSTILE
from tests.fakes.gguf_models import llama_like
from tests.scans import file_at, last_run, model_at, scan_of

pytestmark = pytest.mark.django_db


def test_every_hostile_file_gets_its_reason_and_the_scan_goes_on(tmp_path: Path) -> None:
    for hostile in HOSTILE:
        hostile.write(tmp_path / f"{hostile.name.replace(' ', '_')}.gguf")
    good = llama_like(tmp_path / "zz-good.gguf")
    report = scan_of(tmp_path)
    assert report.state == ScanState.DONE
    assert model_at(good).state == "ok"
    outcomes = {file.path: file.error_kind or file.state for file in ModelFile.objects.all()}
    expected = {
        str(tmp_path / f"{each.name.replace(' ', '_')}.gguf"): each.outcome for each in HOSTILE
    }
    assert {path: outcomes[path] for path in expected} == expected


def test_an_invalid_model_says_why_and_where(tmp_path: Path) -> None:
    path = tmp_path / "Qwen3-8B-Q4_K_M.gguf"
    path.write_bytes(b"GGUF\x09\0\0\0" + bytes(64))
    report = scan_of(tmp_path)
    model, file = model_at(path), file_at(path)
    assert (model.state, model.parse_source) == ("invalid", "name")
    assert model.reason.startswith("GGUF version 9 is not known")
    assert model.reason.endswith(" (at byte 4).")
    assert (file.error_kind, file.error_offset) == ("unsupported_version", 4)
    assert (report.invalid, report.n_errors) == (1, 0)  # it was read: no error of the scan
    assert last_run().errors[0]["path"] == str(path)


def test_of_an_invalid_file_only_the_name_is_told(tmp_path: Path) -> None:
    path = tmp_path / "Qwen3-8B-Q4_K_M.gguf"
    path.write_bytes(b"PK\x03\x04" + bytes(64))
    scan_of(tmp_path)
    model = model_at(path)
    assert (model.name, model.quantization) == ("Qwen3 8B", "Q4_K_M")
    assert (model.architecture, model.parameters, model.context_length) == (None, None, None)
    assert model.facts["quantization"]["source"] == "name"


def test_an_invalid_file_is_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"nothing")
    scan_of(tmp_path)
    scan_of(tmp_path)
    assert last_run().n_read == 0


def test_a_half_file_says_how_much_is_there(tmp_path: Path) -> None:
    path = llama_like(tmp_path / "a.gguf", layers=40, data="sparse")
    whole = path.stat().st_size
    os.truncate(path, whole // 2)
    scan_of(tmp_path)
    model = model_at(path)
    assert model.state == "incomplete"
    assert model.reason == f"{size(whole // 2)} of {size(whole)} are there."
    assert model.architecture == "llama"


def test_a_finished_download_becomes_a_model(tmp_path: Path) -> None:
    path = llama_like(tmp_path / "a.gguf", data="cut")
    scan_of(tmp_path)
    llama_like(path)
    scan_of(tmp_path)
    assert (model_at(path).state, model_at(path).reason) == ("ok", "")


def test_a_control_file_marks_a_full_size_file_as_a_download(tmp_path: Path) -> None:
    path = llama_like(tmp_path / "a.gguf")
    control = tmp_path / "a.gguf.aria2"
    control.write_bytes(b"x")
    scan_of(tmp_path)
    assert model_at(path).state == "incomplete"
    assert model_at(path).reason == "It is still being downloaded."
    control.unlink()
    scan_of(tmp_path)
    assert model_at(path).state == "ok"


def test_unfinished_downloads_are_noted_and_not_read(tmp_path: Path) -> None:
    for suffix in ("part", "incomplete", "downloadInProgress", "partial", "crdownload"):
        llama_like(tmp_path / f"a.gguf.{suffix}")
    report = scan_of(tmp_path)
    assert (report.models, report.n_errors) == (0, 0)
    assert {error.kind for error in report.errors} == {"download"}


def test_a_good_model_whose_file_becomes_something_else_loses_its_facts(tmp_path: Path) -> None:
    path = llama_like(tmp_path / "Model-8B-Q4_K_M.gguf")
    scan_of(tmp_path)
    path.write_bytes(b"<!DOCTYPE html><html>404</html>")
    scan_of(tmp_path)
    model = model_at(path)
    assert (model.state, model.parse_source, model.architecture) == ("invalid", "name", None)


def test_a_name_of_other_bytes_is_an_error_of_that_file_alone(tmp_path: Path) -> None:
    llama_like(tmp_path / "good.gguf")
    os.link(tmp_path / "good.gguf", os.fsencode(tmp_path) + b"/bad\xff.gguf")
    report = scan_of(tmp_path)
    assert (report.models, report.n_errors) == (1, 1)
    assert report.errors[0].kind == "name"
    assert "\\udcff" in last_run().errors[0]["path"]


def test_hostile_texts_are_stored_as_texts(tmp_path: Path) -> None:
    llama_like(tmp_path / "a.gguf", name="<script>\0\x1b[31m' OR 1=1 --")
    scan_of(tmp_path)
    assert "\0" not in LlamaModel.objects.get().name


def test_tensors_larger_than_any_column_are_stored_as_unknown(tmp_path: Path) -> None:
    huge = 1 << 60
    lines = [(f"blk.0.t{number}.weight", (huge,), "F32") for number in range(4)]
    path = llama_like(tmp_path / "huge.gguf", tensors=lines, data="none")
    scan_of(tmp_path)
    model, file = model_at(path), file_at(path)
    assert model.state == "incomplete"
    assert model.weights_bytes is None
    assert file.tensors is not None and file.tensors["nbytes"] == MAX_SUM
