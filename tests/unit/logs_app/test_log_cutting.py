"""The beginning of a file is given back while a child appends to it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from logs_app import folders
from logs_app.cutting import EVERY_BYTES, Cutter, NoHoles, punch

LINE = b"0.00.001.695 I srv  a line of a child\n"
LINES = LINE * (2 * EVERY_BYTES // len(LINE) + 1)


def no_holes(descriptor: int, start: int, length: int) -> None:
    raise NoHoles(errno.EOPNOTSUPP, "not supported")


@pytest.fixture
def child(tmp_path: Path) -> Iterator[int]:
    """As a child has its output: appending."""
    descriptor = folders.open_to_append(tmp_path / "output")
    os.write(descriptor, LINES)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def ours(child: int, tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path / "output", os.O_RDWR)
    yield descriptor
    os.close(descriptor)


def test_a_hole_frees_the_disk_and_moves_nothing(child: int, ours: int) -> None:
    try:
        punch(ours, 0, 4096)
    except NoHoles:
        pytest.skip("this file system has no holes")
    taken = os.fstat(ours).st_blocks
    assert not Cutter(0).cut(ours, len(LINES))
    os.write(child, b"the next line\n")
    assert os.fstat(ours).st_blocks < taken - EVERY_BYTES // 512
    assert os.pread(ours, 100, len(LINES)) == b"the next line\n"


def test_what_was_not_read_stays(child: int, ours: int) -> None:
    Cutter(0).cut(ours, EVERY_BYTES + 5000)
    assert os.pread(ours, 1 << 30, EVERY_BYTES + 5000) == LINES[EVERY_BYTES + 5000 :]


def test_without_holes_it_is_cut_to_nothing_once_all_is_read(child: int, ours: int) -> None:
    cutter = Cutter(0, no_holes)
    assert not cutter.cut(ours, len(LINES) - 1)
    assert os.fstat(ours).st_size == len(LINES)
    assert cutter.cut(ours, len(LINES))
    os.write(child, b"the next line\n")
    assert os.pread(ours, 1 << 20, 0) == b"the next line\n"


def test_a_small_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "small"
    path.write_bytes(LINE)
    with path.open("r+b") as file:
        assert not Cutter(0, no_holes).cut(file.fileno(), len(LINE))
    assert path.read_bytes() == LINE
