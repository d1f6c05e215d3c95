"""Gives back the disk space at the beginning of a file that a child still appends to.

A hole is the way: the child is not disturbed, nothing moves, and how far the file was read stays
true through any crash. (Linux could also take the range out, FALLOC_FL_COLLAPSE_RANGE. But then
every position shifts, a crash in between loses or repeats lines, and fewer file systems do it.) The
file looks larger and larger, while it takes no more than what was not read yet.

Where there are no holes it is cut to nothing once all of it has been read. What the child appends
at the very moment is lost then; it goes on at the new end, because it appends.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from functools import cache
from typing import Final

_KEEP_SIZE: Final = 1
_PUNCH_HOLE: Final = 2
_BLOCK: Final = 4096
EVERY_BYTES: Final = 1 << 20
_NO_HOLES: Final = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)

Punch = Callable[[int, int, int], None]


class NoHoles(OSError):
    """This file system, or this system, cannot."""


@cache
def _fallocate() -> Callable[..., int] | None:
    found = getattr(ctypes.CDLL(None, use_errno=True), "fallocate", None)
    if found is not None:
        found.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_longlong, ctypes.c_longlong]
    return found


def punch(descriptor: int, start: int, length: int) -> None:
    call = _fallocate()
    if call is None:
        raise NoHoles
    if call(descriptor, _KEEP_SIZE | _PUNCH_HOLE, start, length) != 0:
        number = ctypes.get_errno()
        kind = NoHoles if number in _NO_HOLES else OSError
        raise kind(number, os.strerror(number))


class Cutter:
    """Of one file; `start` is where it was read from."""

    def __init__(self, start: int, punch: Punch = punch) -> None:
        self._cut_to = start // _BLOCK * _BLOCK
        self._punch = punch
        self._has_holes = True

    def cut(self, descriptor: int, done: int) -> bool:
        """All before `done` is not needed any more. True when the file begins anew."""
        if self._has_holes:
            try:
                self._make_hole(descriptor, done)
                return False
            except NoHoles:
                self._has_holes = False
        if done < EVERY_BYTES or os.fstat(descriptor).st_size != done:
            return False
        os.ftruncate(descriptor, 0)
        self._cut_to = 0
        return True

    def _make_hole(self, descriptor: int, done: int) -> None:
        end = done // _BLOCK * _BLOCK
        if end - self._cut_to >= EVERY_BYTES:
            self._punch(descriptor, self._cut_to, end - self._cut_to)
            self._cut_to = end

    def began_anew(self) -> None:
        self._cut_to = 0
