"""Deletes the oldest stored files, so that the logs take no more disk than they may."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from logs_app import folders

DAY_SECONDS: Final = 86_400


class Quota(NamedTuple):
    source_bytes: int
    total_bytes: int
    days: int


class _Stored(NamedTuple):
    changed_at: float
    path: Path
    n_bytes: int


def keep(source: str, quota: Quota) -> None:
    """Of one source: what is too much, or too old. The file that is written stays."""
    old = _stored(source)
    n_bytes = sum(each.n_bytes for each in old)
    too_old = time.time() - quota.days * DAY_SECONDS
    for each in old[:-1]:
        if n_bytes <= quota.source_bytes and each.changed_at >= too_old:
            break
        each.path.unlink(missing_ok=True)
        n_bytes -= each.n_bytes


def keep_total(quota: Quota) -> None:
    """Of all sources: the file whose last line is oldest goes first."""
    every = [_stored(source) for source in folders.sources()]
    n_bytes = sum(each.n_bytes for stored in every for each in stored)
    newest = {stored[-1].path for stored in every if stored}
    silent_since = time.time() - DAY_SECONDS
    for each in sorted(each for stored in every for each in stored):
        if n_bytes <= quota.total_bytes:
            return
        if each.path not in newest:
            each.path.unlink(missing_ok=True)
        elif each.changed_at < silent_since:
            _empty(each.path)
        else:
            continue  # it is written
        n_bytes -= each.n_bytes


def _empty(path: Path) -> None:
    """The numbers of a source go on: no two lines ever had the same place."""
    os.close(folders.open_to_append(folders.stored_file(path.parent, int(path.stem) + 1)))
    path.unlink(missing_ok=True)


def _stored(source: str) -> list[_Stored]:
    """The oldest first."""
    folder = folders.folder(source)
    found = []
    for number in folders.stored_numbers(folder):
        path = folders.stored_file(folder, number)
        with suppress(FileNotFoundError):
            status = path.stat()
            found.append(_Stored(status.st_mtime, path, status.st_size))
    return found
