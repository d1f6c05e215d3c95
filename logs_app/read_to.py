"""How far the files of a source have been read, kept beside them.

Written in place, without a sync: it survives the death of this process, which is what happens, and
after a loss of power some lines are read again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

NAME: Final = "followed"
_WIDTH: Final = 48


class ReadTo(NamedTuple):
    inode: int = 0
    offset: int = 0


class PlacesRead:
    """One line of a fixed width for each file, so that a write replaces just its own."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def read(self, slot: int) -> ReadTo:
        """The beginning, for whatever cannot be understood."""
        try:
            content = self._path.read_bytes()[slot * _WIDTH : (slot + 1) * _WIDTH]
            inode, offset = map(int, content.split())
        except (OSError, ValueError):
            return ReadTo()
        return ReadTo(inode, offset) if inode >= 0 and offset >= 0 else ReadTo()

    def write(self, slot: int, to: ReadTo) -> None:
        line = f"{to.inode} {to.offset}".encode().ljust(_WIDTH - 1) + b"\n"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(descriptor, line, slot * _WIDTH)
        finally:
            os.close(descriptor)
