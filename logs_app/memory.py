"""The newest lines of each source, in the process that reads the logs."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from logs_app.core.batch import Batch
from logs_app.core.records import Line

MOST_LINES: Final = 5_000
MOST_BYTES: Final = 2 << 20  # of one source: lines may be long


class Newest:
    """Of one source. Lines that a full disk did not take are here still."""

    def __init__(self) -> None:
        self._batches: deque[Batch] = deque()
        self._n_lines = 0
        self._n_bytes = 0
        self._lock = threading.Lock()

    def add(self, batch: Batch) -> None:
        with self._lock:
            self._batches.append(batch)
            self._n_lines += len(batch)
            self._n_bytes += len(batch.encoded)
            while len(self._batches) > 1 and self._is_more_than_enough():
                oldest = self._batches.popleft()
                self._n_lines -= len(oldest)
                self._n_bytes -= len(oldest.encoded)

    def _is_more_than_enough(self) -> bool:
        left = self._n_lines - len(self._batches[0])
        return left >= MOST_LINES or self._n_bytes > MOST_BYTES

    def last(self, most: int) -> list[Line]:
        found: list[Line] = []
        with self._lock:
            batches = list(self._batches)
        for batch in reversed(batches):
            if len(found) >= most:
                break
            found[:0] = batch[-(most - len(found)) :]
        return found


_newest: Final[dict[str, Newest]] = {}


def newest(source: str) -> Newest:
    return _newest.setdefault(source, Newest())


def last(source: str, most: int) -> list[Line]:
    """Nothing in a process that reads no logs."""
    found = _newest.get(source)
    return found.last(most) if found else []


def forget() -> None:
    _newest.clear()
