"""Stored lines on disk: numbered files, of which the newest is written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from logs_app import folders
from logs_app.core import records

# A source's quota is split into files, since the oldest file goes as a whole.
_FILES: Final = 8
_LEAST_FILE_BYTES: Final = 256 << 10
_MOST_FILE_BYTES: Final = 8 << 20


def file_bytes(quota_bytes: int) -> int:
    return min(max(quota_bytes // _FILES, _LEAST_FILE_BYTES), _MOST_FILE_BYTES)


class Storing:
    """The one writer of a source's files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None
        self._number = 0
        self._size = 0

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
            numbers = folders.stored_numbers(self._folder)
            descriptor = self._open(numbers[-1] if numbers else 1)
        return descriptor if self._size < most_bytes else self._open(self._number + 1)

    def _open(self, number: int) -> int:
        self.close()
        descriptor = folders.open_to_append(folders.stored_file(self._folder, number))
        self._descriptor, self._number = descriptor, number
        self._size = os.fstat(descriptor).st_size
        return descriptor

    @property
    def number(self) -> int:
        """Of the file that is written."""
        return self._number

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
