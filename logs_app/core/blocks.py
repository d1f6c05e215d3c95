"""Stored files read in blocks of whole lines, in either direction, from a place on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from logs_app.core import records

# The first block answers most questions; a search through everything is faster in large ones.
FIRST_BYTES: Final = 64 << 10
MOST_BYTES: Final = 1 << 20


class Block(NamedTuple):
    number: int  # of the file
    offset: int
    data: bytes  # whole lines, with their ends


class StoredFile(NamedTuple):
    number: int
    path: Path


def backwards(files: Sequence[StoredFile], before: int | None) -> Iterator[Block]:
    """The newest first; all lines stand before the place."""
    last, end = records.number_and_offset(before) if before is not None else (None, None)
    for file in reversed(files):
        if last is not None and file.number > last:
            continue
        yield from _file_backwards(file, end if file.number == last else None)


def _file_backwards(file: StoredFile, end: int | None) -> Iterator[Block]:
    with _opened(file) as descriptor:
        size = os.fstat(descriptor.fd).st_size if descriptor.fd is not None else 0
        end = size if end is None else min(end, size)
        n_bytes = FIRST_BYTES
        while end > 0 and descriptor.fd is not None:
            start = max(0, end - n_bytes)
            n_bytes = min(2 * n_bytes, MOST_BYTES)
            data = os.pread(descriptor.fd, end - start, start)
            if start:
                cut = data.find(b"\n") + 1  # the line before it is read with the next block
                data, start = data[cut:], start + cut
            if not data or not start < end:
                return
            yield Block(file.number, start, data[: data.rfind(b"\n") + 1])
            end = start


def forwards(files: Sequence[StoredFile], after: int | None) -> Iterator[Block]:
    """The oldest first; from the line after the one at the place."""
    first, offset = records.number_and_offset(after) if after is not None else (0, -1)
    for file in files:
        if file.number < first:
            continue
        yield from _file_forwards(file, offset if file.number == first else -1)


def _file_forwards(file: StoredFile, after: int) -> Iterator[Block]:
    with _opened(file) as descriptor:
        start, skips, n_bytes = max(after, 0), after >= 0, FIRST_BYTES
        while descriptor.fd is not None:
            data = os.pread(descriptor.fd, n_bytes, start)
            n_bytes = min(2 * n_bytes, MOST_BYTES)
            end = data.rfind(b"\n") + 1
            if not end:
                return
            cut = data.find(b"\n") + 1 if skips else 0
            if cut < end:
                yield Block(file.number, start + cut, data[cut:end])
            start, skips = start + end, False


class _opened:
    """A file may be deleted by the quota at any time: it has no lines then."""

    def __init__(self, file: StoredFile) -> None:
        self._path = file.path
        self.fd: int | None = None

    def __enter__(self) -> _opened:
        try:
            self.fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            self.fd = None
        return self

    def __exit__(self, *_: object) -> None:
        if self.fd is not None:
            os.close(self.fd)
