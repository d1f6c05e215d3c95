"""Reads one found file: header, tensor sums, content key. All in one opening of the file."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from models_app.core.gguf import GGUFError, Header, Limits, parse
from models_app.core.tensors import TensorSummary, summarise
from models_app.disk.content_key import content_key
from models_app.disk.found import FoundFile, stamp_of
from models_app.disk.kept_metadata import Kept, kept_metadata

# The path was resolved by the walk: a link in its place now was put there since.
_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | os.O_NOFOLLOW
# Several readers share the CPU with a program that answers requests, and disks may be slow: this
# is longer than the reader's own limit, which is for one file at a time.
_LIMITS: Final = Limits(seconds=30.0)
# Parsing is CPU work under Python's one lock: threads that do it together are no faster, and keep
# the program's other threads waiting (p99 of a small request: 92 ms beside four, 23 ms beside one).
# So they take turns, and what they do together is wait for the disk. It is a courtesy only: nobody
# waits longer for a turn than this, because its owner may be held by a dead mount.
_turn: Final = threading.Lock()
_TURN_SECONDS: Final = 1.0
_READ_AHEAD_BYTES: Final = 8 << 20  # the header of a model with 128 k tokens


@dataclass(slots=True)
class Reading:
    """`error` or `header`; neither when the file changed, which is no result at all."""

    found: FoundFile
    header: Header | None = None
    summary: TensorSummary = field(default_factory=TensorSummary)
    needed_bytes: int = 0  # how long the file must be to hold all its tensors
    metadata: Kept = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    text_characters: int = 0  # of all values: what a reading costs in memory, roughly
    content_key: str = ""
    error: GGUFError | None = None
    changed: bool = False  # since the walk, or while it was read


def read_file(found: FoundFile, *, use_numpy: bool = True) -> Reading:
    """Never raises for anything a file or a disk does."""
    reading = Reading(found)
    try:
        fd = os.open(found.real_path, _FLAGS)
    except (OSError, ValueError) as error:
        reading.changed = isinstance(error, FileNotFoundError)
        reading.error = _os_error("cannot be opened", error)
        return reading
    started = time.monotonic()
    try:
        _read_open(fd, reading, use_numpy)
    except GGUFError as error:
        # A slow disk is no fault of the file: it is tried again by the next scan.
        slow = error.kind == "too_large" and time.monotonic() - started >= _LIMITS.seconds
        reading.error = GGUFError("os_error", error.message, error.offset) if slow else error
    except OSError as error:
        reading.error = _os_error("cannot be read", error)
    finally:
        os.close(fd)
    return reading


def _read_open(fd: int, reading: Reading, use_numpy: bool) -> None:
    found = reading.found
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise GGUFError("not_regular", "not a regular file")
    if stamp_of(status) != found.stamp:
        reading.changed = True
        return
    try:
        _ask_for_header(fd)
        reading.content_key = content_key(fd, found.size_bytes)
        with _taking_turns():
            header = parse(fd, found.size_bytes, limits=_LIMITS, use_numpy=use_numpy)
            _keep(reading, header)
    finally:
        # A file that grew or shrank meanwhile explains any error: it is being written.
        reading.changed = stamp_of(os.fstat(fd)) != found.stamp


def _ask_for_header(fd: int) -> None:
    """Lets the system fetch it while this thread waits for its turn; not on every system."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(fd, 0, _READ_AHEAD_BYTES, os.POSIX_FADV_WILLNEED)


@contextmanager
def _taking_turns() -> Iterator[None]:
    taken = _turn.acquire(timeout=_TURN_SECONDS)
    try:
        yield
    finally:
        if taken:
            _turn.release()


def _keep(reading: Reading, header: Header) -> None:
    reading.summary = summarise(header.tensors)
    if header.data_offset is not None and header.tensors:
        end = max(tensor.offset + tensor.nbytes for tensor in header.tensors)
        reading.needed_bytes = header.data_offset + end
    header.tensors = []  # thousands of objects; the sums are enough from here on
    texts = (value for value in header.values.values() if isinstance(value, str))
    reading.text_characters = sum(map(len, texts))
    reading.metadata, dropped = kept_metadata(header.values)
    reading.warnings = header.warnings[:20] + dropped
    reading.header = header


def _os_error(what: str, error: OSError | ValueError) -> GGUFError:
    reason = getattr(error, "strerror", None) or "the path cannot be used"
    return GGUFError("os_error", f"{what}: {reason}")
