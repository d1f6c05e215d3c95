from __future__ import annotations

import os
from pathlib import Path

import pytest

from models_app.models import LlamaModel, ScanState
from tests.fakes.gguf_models import llama_like
from tests.scans import at_rest, model_at, root_at, scan_of

pytestmark = pytest.mark.django_db


def folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def test_a_link_to_a_file_of_the_same_root_is_not_counted_twice(tmp_path: Path) -> None:
    path = llama_like(tmp_path / "a.gguf")
    (tmp_path / "link.gguf").symlink_to(path)
    report = scan_of(tmp_path)
    assert (report.files, report.models, model_at(path).copies) == (1, 1, 1)


def test_a_link_out_of_the_scanned_folders_is_noted_and_not_followed(tmp_path: Path) -> None:
    outside, inside = folder(tmp_path / "outside"), folder(tmp_path / "inside")
    secret = llama_like(outside / "a.gguf")
    (inside / "link.gguf").symlink_to(secret)
    report = scan_of(inside)
    assert report.models == 0
    (error,) = report.errors
    assert error.kind == "link" and str(secret) in error.message


def test_a_link_into_another_root_is_the_file_found_there(tmp_path: Path) -> None:
    one, two = folder(tmp_path / "one"), folder(tmp_path / "two")
    path = llama_like(one / "a.gguf")
    (two / "link.gguf").symlink_to(path)
    report = scan_of(one, two)
    assert (report.models, report.n_errors, LlamaModel.objects.get().path) == (1, 0, str(path))


def test_folder_links_are_followed_only_where_that_is_switched_on(tmp_path: Path) -> None:
    one, two = folder(tmp_path / "one"), folder(tmp_path / "two")
    llama_like(folder(one / "deep") / "a.gguf")
    (two / "linked").symlink_to(one / "deep")
    root_at(at_rest(one))
    assert scan_of(two).models == 0
    root_at(two, follow_links=True)
    scan_of(two)
    assert LlamaModel.objects.get().path == str(two / "linked" / "a.gguf")


def test_a_circle_of_folder_links_ends(tmp_path: Path) -> None:
    inner = folder(tmp_path / "a" / "b")
    (inner / "up").symlink_to(tmp_path)
    (inner / "self").symlink_to(inner)
    llama_like(inner / "m.gguf")
    root_at(tmp_path, follow_links=True)
    report = scan_of(tmp_path)
    assert (report.state, report.models, report.n_errors) == (ScanState.DONE, 1, 0)


def test_links_that_lead_nowhere_are_errors_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "gone.gguf").symlink_to(tmp_path / "nothing")
    (tmp_path / "loop.gguf").symlink_to(tmp_path / "loop.gguf")
    path = llama_like(tmp_path / "a.gguf")
    report = scan_of(tmp_path)
    assert (report.models, model_at(path).state) == (1, "ok")
    assert {Path(error.path).name: error.kind for error in report.errors} == {
        "gone.gguf": "link",
        "loop.gguf": "os_error",
    }


@pytest.mark.parametrize("kind", ["pipe", "socket", "link to a pipe", "link to a device"])
def test_what_is_no_file_is_never_opened(tmp_path: Path, kind: str) -> None:
    """Opening a pipe would wait for a writer for ever."""
    path = tmp_path / "x.gguf"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        os.mknod(path, 0o140600)
    else:
        target = tmp_path / "pipe"
        os.mkfifo(target)
        path.symlink_to(target if kind == "link to a pipe" else "/dev/zero")
    report = scan_of(tmp_path)
    assert (report.state, report.models) == (ScanState.DONE, 0)
    assert [Path(error.path).name for error in report.errors] == ["x.gguf"]


def test_a_folder_with_a_models_name_is_only_a_folder(tmp_path: Path) -> None:
    path = llama_like(folder(tmp_path / "dir.gguf") / "a.gguf")
    report = scan_of(tmp_path)
    assert (report.models, report.n_errors, model_at(path).state) == (1, 0, "ok")


def test_hidden_files_and_folders_are_left_alone(tmp_path: Path) -> None:
    llama_like(folder(tmp_path / ".cache") / "a.gguf")
    llama_like(tmp_path / ".a.gguf")
    assert scan_of(tmp_path).models == 0


def test_the_extension_counts_in_any_case(tmp_path: Path) -> None:
    llama_like(tmp_path / "a.GGUF")
    assert scan_of(tmp_path).models == 1
