"""Stored lines on disk: numbered files, of which the newest is written."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

from logs_app import folders
from logs_app.core import records

# A source's quota is split into files, since the oldest file goes as a whole.
_FILES: Final = 8
_LEAST_FILE_BYTES: Final = 256 << 10
_MOST_FILE_BYTES: Final = 8 << 20
# Whoever deletes the file that is written costs the log so much at most.
LOOK_SECONDS: Final = 1.0


def file_bytes(quota_bytes: int) -> int:
    return min(max(quota_bytes // _FILES, _LEAST_FILE_BYTES), _MOST_FILE_BYTES)


class Storing:
    """The one writer of a source's files. No two lines ever have the same place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None
        self._number = 0
        self._size = 0
        self._looked_at = 0.0  # monotonic

    def append(self, data: bytes, most_bytes: int) -> int:
        """Whole lines; the place of the first. OSError: the disk took none of them."""
        descriptor = self._writable(most_bytes)
        try:
            self._write(descriptor, data)
        except OSError:
            self._take_back(descriptor)
            raise
        place = records.place(self._number, self._size)
        self._size += len(data)
        return place

    def _write(self, descriptor: int, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    def _take_back(self, descriptor: int) -> None:
        """No half line stays."""
        try:
            os.ftruncate(descriptor, self._size)
        except OSError:
            self.close()  # the next append begins with a look at the file's size

    def _writable(self, most_bytes: int) -> int:
        descriptor = self._descriptor
        if descriptor is None:
            descriptor = self._open(self._newest_number())
        elif time.monotonic() - self._looked_at >= LOOK_SECONDS and not self._is_as_left(
            descriptor
        ):
            return self._open(self._number + 1)
        return descriptor if self._size < most_bytes else self._open(self._number + 1)

    def _newest_number(self) -> int:
        numbers = folders.stored_numbers(self._folder)
        newest = numbers[-1] if numbers else 0
        return newest if newest and newest >= self._number else self._number + 1

    def _is_as_left(self, descriptor: int) -> bool:
        """Whether the file still has its name, and ends where we ended: anybody may delete it, move
        it or empty it."""
        self._looked_at = time.monotonic()
        ours = os.fstat(descriptor)
        try:
            named = folders.stored_file(self._folder, self._number).stat()
        except OSError:
            return False
        return os.path.samestat(ours, named) and ours.st_size == self._size

    def _open(self, number: int) -> int:
        self.close()
        descriptor = folders.open_to_append(folders.stored_file(self._folder, number))
        self._descriptor, self._number = descriptor, number
        self._size = os.fstat(descriptor).st_size
        self._looked_at = time.monotonic()
        return descriptor

    @property
    def number(self) -> int:
        """Of the file that is written."""
        return self._number

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
