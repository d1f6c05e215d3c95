from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agent_app.doctor.finding import Finding, fail, note, ok
from llamadash.formats import size
from logs_app import folders
from logs_app.pump import default_quota

NAME: Final = "logs"
LARGE_UNREAD_BYTES: Final = 256 << 20


def check() -> Iterator[Finding]:
    top = folders.top()
    if not top.exists():
        yield ok(NAME, "nothing was written yet")
        return
    if not os.access(top, os.R_OK | os.W_OK | os.X_OK):
        words = f"{top} may not be written to by this account."
        yield fail(NAME, words, f"Give it back to the account llamadash runs as: chown -R … {top}")
        return
    names = folders.sources()
    stored = sum(_stored_bytes(folders.folder(name)) for name in names)
    unread = {name: _disk_bytes(folders.folder(name) / folders.OUTPUT) for name in names}
    yield from _too_much(stored, unread) or [ok(NAME, f"{len(names)} sources, {size(stored)}")]


def _too_much(stored: int, unread: dict[str, int]) -> list[Finding]:
    """More than the pump leaves there while it runs."""
    found = []
    most = quota_bytes()
    if stored > most + (most >> 3):
        words = f"They take {size(stored)}, and may take {size(most)}."
        found.append(note(NAME, words, "The agent deletes the oldest: see that one runs."))
    for name, n_bytes in unread.items():
        if n_bytes > LARGE_UNREAD_BYTES:
            words = f"{name} has {size(n_bytes)} of output that nobody has read."
            found.append(note(NAME, words, "The agent reads and cuts it: see that one runs."))
    return found


def quota_bytes() -> int:
    """Without the database: the default."""
    return default_quota().total_bytes


def _stored_bytes(folder: Path) -> int:
    files = (folders.stored_file(folder, number) for number in folders.stored_numbers(folder))
    return sum(_disk_bytes(file) for file in files)


def _disk_bytes(file: Path) -> int:
    """What it takes of the disk: what was read is cut from a file's beginning as a hole."""
    try:
        return file.stat().st_blocks * 512
    except OSError:
        return 0
