from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from models_app.disk import walking
from models_app.disk.walking import MAX_DEPTH, Place, Walk, WalkResult, finished_walks


def walked(folder: Path, **changes: object) -> WalkResult:
    walk = Walk(Place(str(folder), allowed=(str(folder),), **changes))  # type: ignore[arg-type]
    walk.run()
    return walk.result


def names(result: WalkResult) -> list[str]:
    return sorted(Path(file.path).name for file in result.found)


def test_models_are_found_in_all_folders(tmp_path: Path) -> None:
    for path in ("a.gguf", "b/c.gguf", "b/d/e.GGUF", "b/readme.md", "b/model.safetensors"):
        (tmp_path / path).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / path).touch()
    assert names(walked(tmp_path)) == ["a.gguf", "c.gguf", "e.GGUF"]


def test_a_found_file_carries_its_stamp(tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    path.write_bytes(b"abc")
    (file,) = walked(tmp_path).found
    status = path.stat()
    assert (file.size_bytes, file.inode, file.mtime_ns) == (3, status.st_ino, status.st_mtime_ns)
    assert file.scan_key == (
        f"{status.st_dev}:{status.st_ino}:3:{status.st_mtime_ns}:{status.st_ctime_ns}:1"
    )


def test_folders_are_entered_to_a_depth(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(MAX_DEPTH + 1):
        folder = folder / "d"
        folder.mkdir()
    (folder / "too-deep.gguf").touch()
    (folder.parent / "deep.gguf").touch()
    result = walked(tmp_path)
    assert names(result) == ["deep.gguf"]
    assert [note.kind for note in result.notes] == ["depth"]


def test_too_many_files_are_a_problem_of_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "MAX_FILES", 3)
    for number in range(9):
        (tmp_path / f"{number}.gguf").touch()
    result = walked(tmp_path)
    assert result.problem == "holds more than 3 model files"
    assert not result.is_complete and len(result.found) <= 4


def test_a_walk_that_broke_off_is_not_complete_although_a_folder_was_unlisted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "MAX_FILES", 3)
    for name in ("many", "closed"):
        (tmp_path / name).mkdir()
    for number in range(9):
        (tmp_path / "many" / f"{number}.gguf").touch()

    def lister(folder: str) -> object:
        if folder.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name, reverse=True)
        return nullcontext(iter(entries))

    walk = Walk(Place(str(tmp_path)), lister=lister)  # type: ignore[arg-type]
    walk.run()
    assert walk.result.unlisted and not walk.result.is_complete


def test_a_link_to_a_folder_that_is_not_scanned_is_noted(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside / "own", outside):
        folder.mkdir(parents=True)
    (inside / "link").symlink_to(outside)
    (inside / "link.gguf").symlink_to(outside)
    (inside / "own-link").symlink_to(inside / "own")
    notes = walked(inside).notes
    assert sorted(Path(note.path).name for note in notes) == ["link", "link.gguf"]
    said = {(note.kind, note.message) for note in notes}
    assert said == {("link", f"leads to the folder {outside}: add that one to scan it")}


def test_downloads_that_have_not_ended_are_counted(tmp_path: Path) -> None:
    blobs = tmp_path / "models--acme--Tiny-GGUF" / "blobs"
    other = tmp_path / "models--acme--tiny" / "blobs"
    for folder in (blobs, other):
        folder.mkdir(parents=True)
        (folder / f"{'a' * 64}.incomplete").touch()
    for name in ("a.gguf.part", "b.gguf", "b.gguf.aria2", "notes.part"):
        (tmp_path / name).touch()
    result = walked(tmp_path)
    noted = {Path(note.path).name for note in result.notes if note.kind == "download"}
    assert noted == {"a.gguf.part", "b.gguf.aria2", f"{'a' * 64}.incomplete"}
    assert result.n_unfinished == 2


def test_notes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "MAX_NOTES", 3)
    for number in range(9):
        os.mkfifo(tmp_path / f"{number}.gguf")
    assert len(walked(tmp_path).notes) == 3


def test_a_root_that_is_not_there_is_gone(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("nothing", "file", "file/deeper"):
        result = walked(tmp_path / name)
        assert result.gone and result.is_complete and result.problem


def test_a_folder_link_that_leads_outside_is_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (outside / "a.gguf").touch()
    (inside / "link").symlink_to(outside)
    result = walked(inside, follow_links=True)
    assert not result.found
    assert [note.kind for note in result.notes] == ["link"]


@contextmanager
def broken(folder: str) -> Iterator[Iterator[os.DirEntry[str]]]:
    """A listing that fails after its first entries."""

    def entries() -> Iterator[os.DirEntry[str]]:
        with os.scandir(folder) as real:
            yield next(real)
        raise OSError(5, "Input/output error")

    yield entries()


def test_a_listing_that_breaks_off_leaves_the_folder_unlisted(tmp_path: Path) -> None:
    for name in ("a.gguf", "b.gguf"):
        (tmp_path / name).touch()
    walk = Walk(Place(str(tmp_path)), lister=broken)
    walk.run()
    assert walk.result.unlisted == [str(tmp_path)]


def test_a_fault_in_a_walk_is_the_roots_problem(tmp_path: Path) -> None:
    def faulty(_: str) -> object:
        raise RuntimeError("oops")

    walk = Walk(Place(str(tmp_path)), lister=faulty)  # type: ignore[arg-type]
    walk.start()
    assert walk.done.wait(10)
    assert walk.result.problem == "the walk failed: RuntimeError: oops"


class TestFinishedWalks:
    def test_a_silent_walk_is_abandoned_and_the_other_is_there(self, tmp_path: Path) -> None:
        over = threading.Event()

        def silent(folder: str) -> object:
            over.wait()
            return os.scandir(folder)

        stuck = Walk(Place(str(tmp_path)), lister=silent)  # type: ignore[arg-type]
        quick = Walk(Place(str(tmp_path)))
        try:
            ended = list(finished_walks([stuck, quick], 0.2, lambda: time.sleep(0.01)))
        finally:
            over.set()
        assert ended == [quick, stuck]
        assert (quick.abandoned, stuck.abandoned) == (False, True)

    def test_a_wait_that_raises_lets_go_of_all_walks(self, tmp_path: Path) -> None:
        over = threading.Event()

        def silent(folder: str) -> object:
            over.wait()
            return os.scandir(folder)

        def enough() -> None:
            raise InterruptedError

        walk = Walk(Place(str(tmp_path)), lister=silent)  # type: ignore[arg-type]
        with pytest.raises(InterruptedError):
            list(finished_walks([walk], 60, enough))
        assert walk.abandoned
        over.set()
        assert walk.done.wait(10)
