"""Where the logs of a source lie: `logs/<source>/` in the data directory.

output      what a child process writes, as it comes; cut from its beginning
events      what this program says itself, as stored lines; cut as well
followed    how far both have been read
000001.log  stored lines; the highest number is written, the lowest goes first
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from django.conf import settings

from logs_app.core.sources import checked, is_source

OUTPUT: Final = "output"
EVENTS: Final = "events"
_STORED: Final = re.compile(r"(\d{6})\.log", re.ASCII)


def top() -> Path:
    return Path(settings.DATA_DIR) / "logs"


def folder(source: str) -> Path:
    """ValueError for what is no source: a name never leads out of the folder of logs."""
    return top() / checked(source)


def made_folder(source: str) -> Path:
    path = folder(source)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def sources() -> list[str]:
    """All that have ever written, by name."""
    try:
        with os.scandir(top()) as entries:
            return sorted(entry.name for entry in entries if is_source(entry.name))
    except FileNotFoundError:
        return []


def stored_numbers(of: Path) -> list[int]:
    """The numbers of a folder's stored files, the oldest first."""
    try:
        with os.scandir(of) as entries:
            found = [_STORED.fullmatch(entry.name) for entry in entries]
    except FileNotFoundError:
        return []
    return sorted(int(match[1]) for match in found if match)


def stored_file(of: Path, number: int) -> Path:
    return of / f"{number:06d}.log"


def open_to_append(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
