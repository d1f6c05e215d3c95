"""The key of an attached server: in a file that only we may read, never in the database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path

from django.conf import settings

from engine_app.models.attached import MAX_KEY


def write(server_id: int, key: str) -> None:
    """An empty key forgets the one there is. Raises OSError."""
    if not key:
        forget(server_id)
        return
    path = _path(server_id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    aside.unlink(missing_ok=True)  # its mode would stay as it is
    fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(key)
        file.flush()
        os.fsync(fd)
    aside.replace(path)


def key_of(server_id: int) -> str:
    """Empty when there is none, or none that can be read."""
    try:
        with _path(server_id).open() as file:
            return file.read(MAX_KEY + 1)
    except (OSError, UnicodeDecodeError):
        return ""


def has_key(server_id: int) -> bool:
    return _path(server_id).is_file()


def forget(server_id: int) -> None:
    shutil.rmtree(_folder(server_id), ignore_errors=True)


def keep_only(server_ids: Collection[int]) -> None:
    """Forgets the keys of servers that are no more, however their rows went."""
    kept = {str(each) for each in server_ids}
    try:
        found = list(_root().iterdir())
    except OSError:
        return
    for folder in found:
        if folder.name.isdecimal() and folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def _root() -> Path:
    return Path(settings.DATA_DIR) / "attached"


def _folder(server_id: int) -> Path:
    return _root() / str(server_id)


def _path(server_id: int) -> Path:
    return _folder(server_id) / "key"
