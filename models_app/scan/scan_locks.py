"""One scan at a time per root, over all processes of this machine.

A lock is a file in the data directory held with flock: the system lets go of it when its process
ends, however it ends, so that nothing is ever left locked.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

from django.conf import settings

from models_app.models import ModelRoot

# Who only asks about a lock holds it for an instant: taking it is tried again for so long.
_TRIES: Final = 5
_TRY_SECONDS: Final = 0.02


class ScanBusy(Exception):
    """A root is being scanned, or waits for it. Says which one and who does it."""

    def __init__(self, path: str, holder: str) -> None:
        super().__init__(f"{path} is already being scanned by {holder}")
        self.path = path
        self.holder = holder


@contextmanager
def hold(roots: Iterable[ModelRoot]) -> Iterator[None]:
    """All locks or none. Raises ScanBusy instead of waiting for a scan to end."""
    with ExitStack() as stack:
        for root in sorted(roots, key=lambda root: root.key):
            stack.enter_context(_held(root))
        yield


def is_held(root: ModelRoot) -> bool:
    """Whether a scan is in this root. Only asks: whoever asks as well is not in the way."""
    try:
        file = _lock_file(root).open("r")
    except FileNotFoundError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@contextmanager
def _held(root: ModelRoot) -> Iterator[None]:
    with _lock_file(root).open("a+") as file:
        if not _takes(file):
            raise ScanBusy(root.path, _holder(file))
        file.truncate(0)
        file.write(f"process {os.getpid()}")
        file.flush()
        yield


def _takes(file: IO[str]) -> bool:
    for left in reversed(range(_TRIES)):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if left:
                time.sleep(_TRY_SECONDS)
        else:
            return True
    return False


def _lock_file(root: ModelRoot) -> Path:
    folder = Path(settings.DATA_DIR) / "locks"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"root-{root.key}.lock"


def _holder(file: IO[str]) -> str:
    file.seek(0)
    return file.read(64) or "another process"
