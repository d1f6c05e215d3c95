from __future__ import annotations

import os
from pathlib import Path

import pytest

from logs_app import followed
from logs_app.cutting import EVERY_BYTES, Cutter, NoHoles
from logs_app.followed import Followed
from logs_app.read_to import NAME, PlacesRead, ReadTo


class WithoutHoles(Cutter):
    def __init__(self, start: int) -> None:
        def refuse(descriptor: int, start: int, length: int) -> None:
            raise NoHoles

        super().__init__(start, refuse)


def follow(folder: Path, cutter: type[Cutter] = Cutter) -> Followed:
    return Followed(folder / "output", PlacesRead(folder), 0, cutter)


def read_all(file: Followed) -> bytes:
    data = b""
    with file.opened() as descriptor:
        assert descriptor is not None
        while piece := file.read(descriptor):
            data += piece.data
        file.done(descriptor, file.offset)
    return data


def append(folder: Path, data: bytes) -> None:
    with (folder / "output").open("ab") as file:
        file.write(data)


def test_only_what_is_new_is_read(tmp_path: Path) -> None:
    file = follow(tmp_path)
    assert not file.has_grown()
    append(tmp_path, b"a\n")
    assert file.has_grown()
    assert read_all(file) == b"a\n"
    assert not file.has_grown()
    append(tmp_path, b"b\n")
    assert read_all(file) == b"b\n"


def test_a_later_process_goes_on_where_this_one_was_done(tmp_path: Path) -> None:
    append(tmp_path, b"a\nhalf")
    first = follow(tmp_path)
    with first.opened() as descriptor:
        assert descriptor is not None
        first.read(descriptor)
        first.done(descriptor, 2)
    append(tmp_path, b" a line\n")
    assert read_all(follow(tmp_path)) == b"half a line\n"


@pytest.mark.parametrize("cutter", [Cutter, WithoutHoles])
def test_nothing_is_lost_or_read_twice_while_the_file_is_cut(
    tmp_path: Path, cutter: type[Cutter]
) -> None:
    file = follow(tmp_path, cutter)
    piece = b"x" * 99 + b"\n"
    total = 0
    for _ in range(5):
        append(tmp_path, piece * (EVERY_BYTES // 100 + 1))
        total += len(read_all(file))
        total += len(read_all(follow(tmp_path, cutter)))  # knows the same place
    assert total == 5 * 100 * (EVERY_BYTES // 100 + 1)
    assert (tmp_path / "output").stat().st_blocks * 512 < 2 * EVERY_BYTES


def test_a_file_that_somebody_else_emptied_is_read_from_its_beginning(tmp_path: Path) -> None:
    append(tmp_path, b"a long first line\n")
    file = follow(tmp_path)
    read_all(file)
    os.truncate(tmp_path / "output", 0)
    append(tmp_path, b"b\n")
    assert read_all(file) == b"b\n"
    assert file.began_anew


@pytest.mark.parametrize(
    "content", [b"", b"x y\n", b"1\n", b"-1 -5\n", b"\xff" * 48, b"1 9" + b"9" * 60]
)
def test_a_damaged_note_of_the_place_means_the_beginning(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    append(tmp_path, b"a\n")
    assert read_all(follow(tmp_path)) == b"a\n"


def test_each_file_of_a_source_has_its_own_place(tmp_path: Path) -> None:
    places = PlacesRead(tmp_path)
    places.write(1, ReadTo(7, 1 << 40))
    places.write(0, ReadTo(6, 5))
    assert (places.read(0), places.read(1)) == (ReadTo(6, 5), ReadTo(7, 1 << 40))


def test_what_is_too_much_is_left_out_to_the_end_of_a_line_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed, "MOST_BEHIND_BYTES", 10_000)
    monkeypatch.setattr(followed, "KEPT_BEHIND_BYTES", 1_005)
    append(tmp_path, b"123456789\n" * 2_000)
    file = follow(tmp_path)
    with file.opened() as descriptor:
        assert descriptor is not None
        skipped = file.skip(descriptor)
        assert skipped is not None
        assert (skipped.n_lines, skipped.n_bytes, skipped.is_counted) == (1_900, 19_000, True)
        piece = file.read(descriptor)
        assert piece is not None
        assert piece.data == b"123456789\n" * 100
        assert file.skip(descriptor) is None
