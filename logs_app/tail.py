"""The last lines of a source, for whoever explains why it ended."""

from __future__ import annotations

import os
from typing import Final

from logs_app import folders, history
from logs_app.core import levels
from logs_app.core.ansi import stripped
from logs_app.core.lines import LineCutter
from logs_app.read_to import PlacesRead

_MOST_UNREAD_BYTES: Final = 256 << 10
_OURS: Final = (levels.EVENT, levels.GAP)


def last_lines(source: str, most: int, since: float | None = None) -> list[str]:
    """What it has printed, without colours, the newest last; also what nobody has read yet, so that
    a process that ended a moment ago is heard to its last word. Our own notes are left out: a name
    in one of them would pass as its words. `since`: only lines that came later than that."""
    unread = _unread(source)[-most:] if most > 0 else []
    if len(unread) == most:
        return unread
    stored = [line for line in history.last(source, most - len(unread)) if line.kind not in _OURS]
    if since is not None:
        stored = [line for line in stored if line.seconds >= since]
    return [stripped(line.text) for line in stored] + unread


def _unread(source: str) -> list[str]:
    folder = folders.folder(source)
    try:
        descriptor = os.open(folder / folders.OUTPUT, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return []
    try:
        status = os.fstat(descriptor)
        known = PlacesRead(folder).read(0)
        start = known.offset if known.inode == status.st_ino else 0
        start = start if start <= status.st_size else 0
        start = max(start, status.st_size - _MOST_UNREAD_BYTES)
        data = os.pread(descriptor, _MOST_UNREAD_BYTES, start)
    finally:
        os.close(descriptor)
    cutter = LineCutter()
    return [stripped(line) for line in cutter.feed(data) + cutter.flush()]
