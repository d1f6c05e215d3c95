"""A look at folders of this machine, bounded: a page must come even from a stalled mount."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from models_app.roots import normal

T = TypeVar("T")
ANSWER_SECONDS: Final = 3.0
LOOK_SECONDS: Final = 1.5
MOST_FOLDERS: Final = 500
MOST_DEPTH: Final = 16


@dataclass(frozen=True, slots=True)
class Preview:
    """What lies in a folder; `whole` is False when the look ended before the folder did."""

    n_files: int
    n_bytes: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Listing:
    path: str
    parent: str | None
    folders: list[tuple[str, str]]  # name, path
    problem: str = ""


def preview(path: str) -> Preview | None:
    """None when the folder does not answer in time."""
    return _in_time(lambda: _count(path))


def listing(path: str) -> Listing:
    """The folders in a folder, never its files."""
    where = normal(path)
    found = _in_time(lambda: _folders(where))
    if found is None:
        found = "This folder does not answer: is its disk or network mount there?"
    above = str(Path(where).parent)
    parent = None if where == above else above
    if isinstance(found, str):
        return Listing(where, parent, [], found)
    return Listing(where, parent, found)


def _in_time(look: Callable[[], T]) -> T | None:
    """Runs `look` in a thread that is left behind when it does not come back."""
    results: list[T] = []
    thread = threading.Thread(target=lambda: results.append(look()), daemon=True, name="look")
    thread.start()
    thread.join(ANSWER_SECONDS)
    return results[0] if results else None


def _folders(path: str) -> list[tuple[str, str]] | str:
    try:
        with os.scandir(path) as entries:
            found = [each for each in entries if each.name[0] != "." and each.is_dir()]
    except OSError as error:
        return f"This folder cannot be opened: {error.strerror}."
    found.sort(key=lambda entry: entry.name.casefold())
    return [(entry.name, entry.path) for entry in found[:MOST_FOLDERS]]


def _count(path: str) -> Preview:
    n_files = n_bytes = 0
    until = time.monotonic() + LOOK_SECONDS
    waiting = [(path, 0)]
    while waiting:
        folder, depth = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if time.monotonic() > until:
                        return Preview(n_files, n_bytes, False)
                    if entry.is_dir(follow_symlinks=False):
                        if depth < MOST_DEPTH:
                            waiting.append((entry.path, depth + 1))
                    elif entry.name.lower().endswith(".gguf") and entry.is_file():
                        n_files += 1
                        n_bytes += entry.stat().st_size
        except OSError:
            continue  # not ours to read: the scan says which and why
    return Preview(n_files, n_bytes, True)
