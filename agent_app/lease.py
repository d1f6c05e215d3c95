"""The right to be this data directory's agent: a lock the kernel frees on any death."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class AgentLease:
    """At most one holder for a file. Children do not inherit it: descriptors close on exec."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def acquire(self) -> bool:
        """True when held now; False when another process holds it. Raises OSError otherwise."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        except BaseException:
            os.close(fd)
            raise
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd
        return True

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def held_by(self) -> int | None:
        """Who holds it now, without taking it; 0 when that is not written down, None when nobody
        does."""
        try:
            fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return self.holder() or 0
        finally:
            os.close(fd)
        return None

    def holder(self) -> int | None:
        """The pid written by the holder, for messages only."""
        try:
            return int(self._path.read_text().strip())
        except (OSError, ValueError):
            return None
