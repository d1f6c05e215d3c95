from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from logs_app import folders, quota
from logs_app.core import records
from logs_app.quota import DAY_SECONDS, Quota
from logs_app.storing import Storing, file_bytes

LINE = records.encoded(1790000000123, "I ", "x" * 82)


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return folders.made_folder("engine.7")


def stored(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.log"))


def test_a_full_file_is_followed_by_the_next_number_also_after_a_restart(folder: Path) -> None:
    storing = Storing(folder)
    assert storing.append(LINE, 150) == records.place(1, 0)
    assert storing.append(LINE, 150) == records.place(1, len(LINE))
    assert storing.append(LINE, 150) == records.place(2, 0)
    storing.close()
    assert Storing(folder).append(LINE, 150) == records.place(2, len(LINE))
    assert stored(folder) == ["000001.log", "000002.log"]


def test_files_are_for_their_owner_only(folder: Path) -> None:
    Storing(folder).append(LINE, 150)
    assert (folder / "000001.log").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_full_disk_leaves_no_half_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storing = Storing(folder)
    storing.append(LINE, 1000)
    write = os.write

    def half(descriptor: int, data: memoryview) -> int:
        if len(data) < len(LINE):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[:10])

    with monkeypatch.context() as full:
        full.setattr(os, "write", half)
        with pytest.raises(OSError, match="No space"):
            storing.append(LINE, 1000)
    assert storing.append(LINE, 1000) == records.place(1, len(LINE))
    assert (folder / "000001.log").read_bytes() == LINE * 2


def test_the_disk_taken_is_at_most_the_quota_and_one_file(folder: Path) -> None:
    limit = Quota(1 << 20, 1 << 30, 30)
    storing = Storing(folder)
    for _ in range(300):
        number = storing.number
        storing.append(LINE * 200, file_bytes(limit.source_bytes))
        if storing.number != number:
            quota.keep("engine.7", limit)
        taken = sum(path.stat().st_size for path in folder.glob("*.log"))
        assert taken <= limit.source_bytes + file_bytes(limit.source_bytes) + 200 * len(LINE)
    assert stored(folder)[0] > "000010.log"


def test_beyond_the_total_the_oldest_file_of_any_source_goes_first(folder: Path) -> None:
    other = folders.made_folder("engine.8")
    for path, days in (
        (folder / "000001.log", 9),
        (other / "000001.log", 8),
        (other / "000002.log", 0),
    ):
        path.write_bytes(b"x" * 1000)
        os.utime(path, (time.time(), time.time() - days * DAY_SECONDS))
    quota.keep_total(Quota(1 << 20, 2500, 30))
    # A source's numbers go on: its newest file is replaced by an empty one.
    assert (folder / "000002.log").stat().st_size == 0
    assert not (folder / "000001.log").exists()
    assert stored(other) == ["000001.log", "000002.log"]
    quota.keep_total(Quota(1 << 20, 1500, 30))
    assert stored(other) == ["000002.log"]


def test_what_is_too_old_goes_but_not_the_file_that_is_written(folder: Path) -> None:
    for number in (1, 2, 3):
        path = folder / f"{number:06d}.log"
        path.write_bytes(LINE)
        os.utime(path, (time.time(), time.time() - 40 * DAY_SECONDS))
    quota.keep("engine.7", Quota(1 << 20, 1 << 30, 30))
    assert stored(folder) == ["000003.log"]


@pytest.mark.parametrize("how", ["deleted", "moved", "emptied"])
def test_a_file_that_is_taken_away_while_it_is_written_is_followed_by_the_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr("logs_app.storing.LOOK_SECONDS", 0.0)
    writer = Storing(folder)
    writer.append(LINE, 1000)
    first = folder / "000001.log"
    if how == "deleted":
        first.unlink()
    elif how == "moved":
        first.rename(folder / "old")
    else:
        os.truncate(first, 0)
    assert writer.append(LINE, 1000) == records.place(2, 0)
    assert (folder / "000002.log").read_bytes() == LINE


def test_a_place_is_never_given_twice_also_when_all_files_go_while_nothing_comes(
    folder: Path,
) -> None:
    writer = Storing(folder)
    writer.append(LINE, 1000)
    writer.close()
    (folder / "000001.log").unlink()
    assert writer.append(LINE, 1000) == records.place(2, 0)
