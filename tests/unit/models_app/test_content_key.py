from __future__ import annotations

import os
from pathlib import Path

import pytest

from models_app.disk.content_key import SAMPLE_BYTES, SAMPLES, combined, content_key

LARGE = SAMPLE_BYTES * SAMPLES * 4


def key(path: Path) -> str:
    fd = os.open(path, os.O_RDONLY)
    try:
        return content_key(fd, path.stat().st_size)
    finally:
        os.close(fd)


def sparse(path: Path, size_bytes: int, mark_at: int | None = None) -> Path:
    path.touch()
    os.truncate(path, size_bytes)
    if mark_at is not None:
        with path.open("r+b") as file:
            file.seek(mark_at)
            file.write(b"x")
    return path


@pytest.mark.parametrize("size_bytes", [0, 1, SAMPLE_BYTES * SAMPLES, LARGE])
def test_equal_content_has_equal_keys(tmp_path: Path, size_bytes: int) -> None:
    one, two = sparse(tmp_path / "1", size_bytes), sparse(tmp_path / "2", size_bytes)
    assert key(one) == key(two)


def test_another_size_is_another_key(tmp_path: Path) -> None:
    assert key(sparse(tmp_path / "1", LARGE)) != key(sparse(tmp_path / "2", LARGE + 1))


@pytest.mark.parametrize("mark_at", [0, LARGE // 4, LARGE // 2, LARGE * 3 // 4, LARGE - 1])
def test_a_difference_at_a_sampled_place_is_seen(tmp_path: Path, mark_at: int) -> None:
    assert key(sparse(tmp_path / "1", LARGE)) != key(sparse(tmp_path / "2", LARGE, mark_at))


def test_every_byte_of_a_small_file_counts(tmp_path: Path) -> None:
    keys = {key(sparse(tmp_path / str(at), 100, at)) for at in range(100)}
    assert len(keys) == 100


def test_a_split_models_key_depends_on_all_shards_in_order() -> None:
    assert combined(["a"]) == "a"
    assert len({combined(["a", "b"]), combined(["b", "a"]), combined(["a", "c"])}) == 3
    assert combined(["a", ""]) == ""
