from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from django.db import connection

from models_app.models import ModelRoot, ScanState
from models_app.options import SETTLE_SECONDS, STALL_SECONDS
from models_app.scanning import scan
from tests.fakes.gguf_models import llama_like
from tests.scans import at_rest, last_run, model_at, root_at, scan_of

pytestmark = pytest.mark.django_db
Listing = AbstractContextManager[Iterator[os.DirEntry[str]]]


class FailingDisk:
    """Lists folders, but not this one."""

    def __init__(self, folder: Path, number: int = errno.EACCES) -> None:
        self.folder = str(folder)
        self.number = number

    def __call__(self, path: str) -> Listing:
        if path == self.folder:
            raise OSError(self.number, os.strerror(self.number))
        return os.scandir(path)


class SilentDisk:
    """Does not answer for this folder until the test is over."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.over = threading.Event()

    def __call__(self, path: str) -> Listing:
        if path == self.folder:
            self.over.wait()
        return os.scandir(path)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("open", "closed"):
        (tmp_path / name).mkdir()
        llama_like(tmp_path / name / "a.gguf", name=name)
    scan_of(tmp_path)
    return tmp_path


def test_an_unreadable_folder_is_an_error_and_its_models_are_not_missing(tree: Path) -> None:
    report = scan_of(tree, lister=FailingDisk(tree / "closed"))
    model = model_at(tree / "closed" / "a.gguf")
    assert (report.state, report.missing, report.errors[0].kind) == (ScanState.DONE, 0, "folder")
    assert (model.state, model.architecture) == ("unreadable", "llama")
    assert model.reason == f"The folder {tree / 'closed'} cannot be listed."
    assert model_at(tree / "open" / "a.gguf").state == "ok"


def test_a_folder_that_can_be_read_again_has_its_models_back(tree: Path) -> None:
    scan_of(tree, lister=FailingDisk(tree / "closed"))
    scan_of(tree)
    model = model_at(tree / "closed" / "a.gguf")
    assert (model.state, model.reason) == ("ok", "")


def test_an_unreadable_root_says_so(tree: Path) -> None:
    scan_of(tree, lister=FailingDisk(tree))
    assert root_at(tree).problem == "cannot be listed: Permission denied"
    assert model_at(tree / "open" / "a.gguf").state == "unreadable"


def test_a_folder_removed_during_the_walk_is_no_error(tree: Path) -> None:
    report = scan_of(tree, lister=FailingDisk(tree / "closed", errno.ENOENT))
    assert (report.n_errors, model_at(tree / "closed" / "a.gguf").state) == (0, "missing")


def test_a_stalled_root_is_left_and_the_others_are_scanned(
    tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    STALL_SECONDS.set(1)
    disk = SilentDisk(tree / "closed")
    seen = root_at(tree).scanned_at
    second = tmp_path_factory.mktemp("second")
    path = llama_like(second / "b.gguf")
    try:
        report = scan_of(tree, second, lister=disk)
    finally:
        disk.over.set()
    assert report.state == ScanState.DONE
    assert model_at(path).state == "ok"
    assert root_at(tree).problem == "did not answer for 1 s"
    assert root_at(tree).scanned_at == seen
    assert model_at(tree / "open" / "a.gguf").state == "ok"
    assert [error.kind for error in report.errors] == ["root"]


def test_a_file_that_may_not_be_read_is_in_the_list_with_the_reason(tmp_path: Path) -> None:
    path = llama_like(tmp_path / "Qwen3-8B-Q4_K_M.gguf")
    scan_of(tmp_path)
    before = model_at(path)
    path.unlink()
    path.symlink_to(path)  # ELOOP: an error that root gets as well
    report = scan_of(tmp_path)
    model = model_at(path)
    assert (model.state, model.architecture) == ("unreadable", before.architecture)
    assert model.reason == f"The file cannot be looked at: {os.strerror(errno.ELOOP)}."
    assert report.missing == 0


def test_a_file_just_written_is_read_once_it_has_come_to_rest(tmp_path: Path) -> None:
    SETTLE_SECONDS.set(1)
    root = root_at(tmp_path)
    path = llama_like(tmp_path / "a.gguf")
    report = scan([root])
    assert (report.added, report.settling) == (1, 0)
    assert model_at(path).state == "ok"


def test_a_file_that_goes_on_being_written_is_left_for_the_next_scan(tmp_path: Path) -> None:
    SETTLE_SECONDS.set(600)
    at_rest(tmp_path)
    root = root_at(tmp_path)
    llama_like(tmp_path / "a.gguf")
    report = scan([root])
    assert (report.models, report.settling, report.n_errors) == (0, 1, 0)
    assert report.errors[0].kind == "settling"
    SETTLE_SECONDS.set(0)
    assert scan([root]).added == 1


def test_a_model_that_is_being_replaced_keeps_its_facts(tmp_path: Path) -> None:
    path = llama_like(tmp_path / "a.gguf")
    scan_of(tmp_path)
    SETTLE_SECONDS.set(600)
    llama_like(path, layers=3)
    report = scan([root_at(tmp_path)])
    assert (report.settling, report.missing, model_at(path).state) == (1, 0, "ok")
    assert model_at(path).facts["layers"] == 2


def test_a_time_in_the_future_does_not_wait_for_it(tmp_path: Path) -> None:
    path = llama_like(tmp_path / "a.gguf")
    future = time.time() + 10**8
    os.utime(path, (future, future))
    assert scan_of(tmp_path).added == 1
    assert last_run().n_errors == 0


class RemovingUser:
    """Takes the root out of the registry while its folder is listed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, path: str) -> Listing:
        if path == str(self.root):
            ModelRoot.objects.filter(path=path).delete()
            connection.close()  # this thread's
        return os.scandir(path)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("settle_seconds", [0, 1])
def test_a_root_removed_during_its_scan_is_left_and_the_others_are_scanned(
    tmp_path: Path, settle_seconds: int
) -> None:
    SETTLE_SECONDS.set(settle_seconds)
    roots = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        llama_like(tmp_path / name / "a.gguf")
        roots.append(root_at(tmp_path / name))
    report = scan(roots, lister=RemovingUser(tmp_path / "one"))
    assert (report.state, report.added) == (ScanState.DONE, 1)
    assert [error.message for error in report.errors] == ["was removed while it was scanned"]
    assert model_at(tmp_path / "two" / "a.gguf").state == "ok"
