"""The names of what writes logs: `app`, `engine.7`."""

from __future__ import annotations

import re
from typing import Final

APP: Final = "app"  # this program's own log
MOST_CHARACTERS: Final = 64
# Each is also the name of a folder: no slash, no leading dot, no two dots in a row.
_SOURCE: Final = re.compile(r"[a-z][a-z0-9_-]*(?:\.[a-z0-9][a-z0-9_-]*)*", re.ASCII)


def is_source(name: str) -> bool:
    return len(name) <= MOST_CHARACTERS and _SOURCE.fullmatch(name) is not None


def checked(name: str) -> str:
    if not is_source(name):
        raise ValueError(f"{name[:80]!r} is not the name of a log: small letters, digits, dots")
    return name
