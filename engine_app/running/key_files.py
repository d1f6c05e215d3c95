"""The key that an engine asks for: random for each process, in a file that only we may read.

Not in the database, which is copied about; and not in memory alone, for an engine that is adopted
asks for its key still.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.conf import settings


def folder(engine_id: int) -> Path:
    return Path(settings.DATA_DIR) / "engines" / str(engine_id)


def new_key(engine_id: int) -> str:
    key = secrets.token_urlsafe(32)
    path = _path(engine_id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(key)
    aside.replace(path)
    return key


def key_of(engine_id: int) -> str:
    """Empty when there is none."""
    try:
        return _path(engine_id).read_text()
    except OSError:
        return ""


def _path(engine_id: int) -> Path:
    return folder(engine_id) / "key"
