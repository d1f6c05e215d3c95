"""What an engine leaves on disk: its key, its working folder and its log."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine_app.log_names import PREFIX
from engine_app.models import Engine
from engine_app.running import key_files
from logs_app import folders, lifecycle

logger = logging.getLogger(__name__)
# Who starts with another database by mistake has so long to notice before logs go.
SILENT_SECONDS: Final = 86_400.0


def clear(engine_id: int) -> None:
    """Only once its process has ended: that one writes its log to the end."""
    shutil.rmtree(key_files.folder(engine_id), ignore_errors=True)
    lifecycle.forget(f"{PREFIX}{engine_id}")


def sweep() -> int:
    """What engines have left that are no more: one that was deleted while it was on its way writes
    its last words afterwards. How many had left something."""
    there = set(Engine.objects.values_list("pk", flat=True))
    before = time.time() - SILENT_SECONDS
    gone = {found for found, path in _left() if found not in there and _changed_at(path) < before}
    for engine_id in gone:
        logger.info("what engine %s has left is deleted: there is no such engine", engine_id)
        clear(engine_id)
    return len(gone)


def _left() -> Iterator[tuple[int, Path]]:
    keys = key_files.folder(0).parent
    with suppress(OSError):
        for path in keys.iterdir():
            if path.name.isascii() and path.name.isdecimal():
                yield int(path.name), path
    for source in folders.sources():
        text = source.removeprefix(PREFIX)
        if text != source and text.isascii() and text.isdecimal():
            yield int(text), folders.folder(source)


def _changed_at(folder: Path) -> float:
    """The newest of it; of what cannot be looked at now, so that it stays."""
    try:
        return max(path.lstat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return time.time()
