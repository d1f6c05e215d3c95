from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from llamadash.setup import places


def test_model_files_are_counted_below_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "x.gguf").write_bytes(b"12345")
    (tmp_path / "y.GGUF").write_bytes(b"123")
    (tmp_path / "z.bin").write_bytes(b"1")
    assert places.preview(str(tmp_path)) == places.Preview(2, 8, True)


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "x.gguf").write_bytes(b"1")
    assert places.preview(str(tmp_path)) == places.Preview(1, 1, True)


def test_a_fifo_is_no_model(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.gguf")
    assert places.preview(str(tmp_path)) == places.Preview(0, 0, True)


def test_a_folder_too_big_to_look_through_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.gguf").write_bytes(b"1")
    monkeypatch.setattr(places, "LOOK_SECONDS", -1.0)
    assert places.preview(str(tmp_path)) == places.Preview(0, 0, False)


def test_a_folder_that_does_not_answer_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a dead network mount: the call never comes back."""
    never = threading.Event()
    monkeypatch.setattr(places, "ANSWER_SECONDS", 0.01)
    monkeypatch.setattr(places, "_folders", lambda path: never.wait() or [])
    found = places.listing(str(tmp_path))
    never.set()
    assert found.folders == [] and "does not answer" in found.problem


def test_the_top_has_nothing_above_it() -> None:
    assert places.listing("/").parent is None


def test_a_home_folder_may_be_written_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    found = places.listing("~")
    assert (found.path, found.folders) == (str(tmp_path), [("models", f"{tmp_path}/models")])
