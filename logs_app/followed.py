"""A file that others append to, read from where we were."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from logs_app import unlinked
from logs_app.cutting import Cutter
from logs_app.read_to import PlacesRead, ReadTo

PIECE_BYTES: Final = 128 << 10
# More than this behind, the oldest is left out. A program that writes faster than anybody can read
# would fill the disk else, since it is never made to wait.
MOST_BEHIND_BYTES: Final = 32 << 20
KEPT_BEHIND_BYTES: Final = 1 << 20
_COUNTED_BYTES: Final = 128 << 20  # of what is left out; the rest is only measured
# A file that is gone for so long was deleted alone: its folder would have gone with it by now.
GONE_SECONDS: Final = 0.5


class Piece(NamedTuple):
    data: bytes
    written_at: float  # the file's latest change: not later than now


class Skipped(NamedTuple):
    n_lines: int
    n_bytes: int
    is_counted: bool  # False: there were more lines than that


class Followed:
    """Guarantees: what was handed out and reported as done is not handed out again, by this process
    or a later one; what was not, is."""

    def __init__(
        self, path: Path, places: PlacesRead, slot: int, cutter: type[Cutter] = Cutter
    ) -> None:
        self._path = path
        self._places = places
        self._slot = slot
        known = places.read(slot)
        self._inode = known.inode
        self.offset = known.offset
        self._done = known.offset
        self._cutter = cutter(known.offset)
        self._held: int | None = None  # the file, when it has lost its name
        self._gone_since: float | None = None  # monotonic
        # Both since this was last asked by setting it to False.
        self.began_anew = False
        self.was_deleted = False

    def has_grown(self) -> bool:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._look_for_deleted()
            if self._held is None:
                return False
            status = os.fstat(self._held)
        else:
            self._gone_since = None
        return status.st_size != self.offset or status.st_ino != self._inode

    def _look_for_deleted(self) -> None:
        """Once for each deletion, also when that was in an earlier life of ours."""
        if self._held is not None or not self._inode or not self._is_gone_alone():
            return
        self._held = unlinked.opened(self._path, self._inode)
        self.was_deleted = True
        if self._held is None:
            self._inode = self.offset = self._done = 0
            with suppress(OSError):  # the folder goes at this moment
                self._places.write(self._slot, ReadTo())

    def _is_gone_alone(self) -> bool:
        now = time.monotonic()
        self._gone_since = self._gone_since or now
        return now - self._gone_since >= GONE_SECONDS and self._path.parent.is_dir()

    @property
    def is_held(self) -> bool:
        """It has no name any more, and is read all the same."""
        return self._held is not None

    def close(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None

    @contextmanager
    def opened(self) -> Iterator[int | None]:
        """None when there is no such file."""
        if self._held is not None:
            if not self._path.exists() or os.fstat(self._held).st_size > self.offset:
                yield self._held
                return
            self.close()  # read to its end, and another has come
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            yield None
            return
        try:
            self._look(descriptor)
            yield descriptor
        finally:
            os.close(descriptor)

    def _look(self, descriptor: int) -> None:
        """Another file, or one that somebody else has cut, is read from its beginning."""
        status = os.fstat(descriptor)
        if status.st_ino != self._inode or status.st_size < self.offset:
            self._inode = status.st_ino
            self._begin_anew()

    def _begin_anew(self) -> None:
        self.offset = self._done = 0
        self._cutter.began_anew()
        self.began_anew = True

    def read(self, descriptor: int) -> Piece | None:
        """The next piece, or None at the end."""
        data = os.pread(descriptor, PIECE_BYTES, self.offset)
        if not data:
            return None
        self.offset += len(data)
        return Piece(data, min(time.time(), os.fstat(descriptor).st_mtime))

    def skip(self, descriptor: int) -> Skipped | None:
        """Leaves out what is too much, to the end of a line. None: nothing had to be."""
        behind = os.fstat(descriptor).st_size - self.offset
        if behind <= MOST_BEHIND_BYTES:
            return None
        start, end = self.offset, self.offset + behind - KEPT_BEHIND_BYTES
        n_lines, at = 0, start
        while at < min(end, start + _COUNTED_BYTES):
            data = os.pread(descriptor, min(PIECE_BYTES, end - at), at)
            n_lines += data.count(b"\n")
            at += len(data)
        is_counted = at >= end
        rest = os.pread(descriptor, PIECE_BYTES, end)
        line_end = rest.find(b"\n") + 1
        self.offset = end + line_end
        return Skipped(n_lines + bool(line_end), self.offset - start, is_counted)

    def done(self, descriptor: int, offset: int) -> None:
        """All before it is stored."""
        if offset != self._done:
            self._done = offset
            self._places.write(self._slot, ReadTo(self._inode, offset))
        if self._cutter.cut(descriptor, offset):
            self._begin_anew()
            self._places.write(self._slot, ReadTo(self._inode, 0))
