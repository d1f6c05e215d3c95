from __future__ import annotations

import os
from pathlib import Path

import pytest

from models_app.models import LlamaModel
from tests.fakes.gguf_models import llama_like
from tests.scans import model_at, root_at, scan_of

pytestmark = pytest.mark.django_db


def copy_of(path: Path, name: str) -> Path:
    copy = path.with_name(name)
    copy.parent.mkdir(exist_ok=True)
    copy.write_bytes(path.read_bytes())
    return copy


def test_copies_know_of_each_other(tmp_path: Path) -> None:
    path = llama_like(tmp_path / "a.gguf")
    copy = copy_of(path, "b.gguf")
    other = llama_like(tmp_path / "c.gguf", layers=3)
    scan_of(tmp_path)
    assert [model_at(each).copies for each in (path, copy, other)] == [2, 2, 1]


def test_broken_files_are_no_copies_of_each_other(tmp_path: Path) -> None:
    broken = [tmp_path / name for name in ("a.gguf", "b.gguf")]
    for path in broken:
        path.write_bytes(b"GGUF")
    scan_of(tmp_path)
    models = [model_at(path) for path in broken]
    assert [(model.state, model.copies) for model in models] == [("invalid", 1)] * 2


def test_a_hard_link_is_a_copy(tmp_path: Path) -> None:
    path = llama_like(tmp_path / "a.gguf")
    os.link(path, tmp_path / "b.gguf")
    report = scan_of(tmp_path)
    assert (report.models, model_at(path).copies) == (2, 2)


def test_copies_are_counted_over_all_roots(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    path = llama_like(one / "a.gguf")
    (two / "a.gguf").write_bytes(path.read_bytes())
    scan_of(one, two)
    assert model_at(path).copies == 2


def test_a_copy_that_vanishes_counts_no_more(tmp_path: Path) -> None:
    path = llama_like(tmp_path / "a.gguf")
    copy = copy_of(path, "b.gguf")
    scan_of(tmp_path)
    copy.unlink()
    scan_of(tmp_path)
    assert (model_at(path).copies, model_at(copy).state) == (1, "missing")


def test_a_copy_in_a_root_that_is_switched_off_counts_no_more(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    path = llama_like(one / "a.gguf")
    (two / "a.gguf").write_bytes(path.read_bytes())
    scan_of(one, two)
    root_at(two, enabled=False)
    llama_like(one / "new.gguf", layers=3)
    scan_of(one)
    assert model_at(path).copies == 1


def test_copies_of_split_models_are_found(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        for number in (0, 1):
            name = f"m-{number + 1:05d}-of-00002.gguf"
            llama_like(tmp_path / folder / name, split=(number, 2))
    scan_of(tmp_path)
    assert [model.copies for model in LlamaModel.objects.all()] == [2, 2]
