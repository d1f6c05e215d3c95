from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from models_app.disk.file_reading import Reading
from models_app.disk.found import FoundFile
from models_app.disk.reader_threads import MOST_STUCK, ReaderThreads

Read = Callable[[FoundFile], Reading]


def files(count: int) -> list[FoundFile]:
    return [
        FoundFile(f"/m/{number}", f"/m/{number}", 1, number, 1, 0, 0) for number in range(count)
    ]


def read_all(
    read: Read, count: int, *, workers: int = 3, stall_seconds: float = 60
) -> list[Reading]:
    with ReaderThreads(workers, read, stall_seconds) as readers:
        return list(readers.read_all(files(count), lambda: None))


@pytest.mark.parametrize("count", [0, 1, 2, 100])
def test_every_file_is_read_once(count: int) -> None:
    readings = read_all(Reading, count)
    assert sorted(reading.found.inode for reading in readings) == list(range(count))


def test_a_reader_that_does_not_come_back_is_given_up_and_replaced() -> None:
    over = threading.Event()

    def read(found: FoundFile) -> Reading:
        if found.inode == 3:
            over.wait()
        return Reading(found)

    try:
        readings = read_all(read, 20, workers=1, stall_seconds=0.2)
    finally:
        over.set()
    failed = [reading for reading in readings if reading.error is not None]
    assert len(readings) == 20
    assert [reading.found.inode for reading in failed] == [3]
    assert failed[0].error is not None and failed[0].error.kind == "os_error"
    assert "did not answer for 0.2 s" in str(failed[0].error)


def test_a_dead_disk_does_not_take_a_thread_for_each_file() -> None:
    over = threading.Event()
    started: list[int] = []

    def read(found: FoundFile) -> Reading:
        started.append(found.inode)
        over.wait()
        return Reading(found)

    try:
        readings = read_all(read, 60, workers=4, stall_seconds=0.05)
    finally:
        over.set()
    assert len(readings) == 60 and all(reading.error for reading in readings)
    assert len(started) <= MOST_STUCK + 4


def test_a_fault_in_a_reader_is_an_error_of_that_file() -> None:
    def read(found: FoundFile) -> Reading:
        if found.inode == 1:
            raise MemoryError
        return Reading(found)

    errors = [str(reading.error) for reading in read_all(read, 3) if reading.error]
    assert errors == ["reading it failed: MemoryError"]


def test_leaving_does_not_wait_for_a_reader() -> None:
    over = threading.Event()

    def read(found: FoundFile) -> Reading:
        over.wait()
        return Reading(found)

    def enough() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError), ReaderThreads(2, read, 60) as readers:
        list(readers.read_all(files(5), enough))
    over.set()
