"""This program's own log goes the way of all others, as the source `app`.

Whoever logs is never made to wait: a record is put aside, and a thread appends it to the file that
the pump reads, in any process of the program. Where the thread cannot keep up records are dropped,
counted, and the number is said.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections import deque
from typing import Final

from llamadash.logs import one_line
from logs_app import folders
from logs_app.core import levels, records
from logs_app.core.lines import MOST_LINE_BYTES
from logs_app.core.sources import APP

MOST_WAITING: Final = 5_000
MOST_TRACE_LINES: Final = 60
_END_SECONDS: Final = 2.0


class AppLog(logging.Handler):
    """Waits for no disk, never raises, and logs nothing itself."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._wake = threading.Event()
        self._is_ended = False
        self.n_dropped = 0
        self._thread = threading.Thread(target=self._run, name="app-log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            lines = encoded(record)
        except Exception:  # an argument that cannot be formatted; stderr's handler says so
            self.n_dropped += 1
            return
        if len(self._waiting) >= MOST_WAITING:
            self.n_dropped += 1
            return
        self._waiting.append(lines)
        self._wake.set()

    def _run(self) -> None:
        while not self._is_ended:
            self._wake.wait()
            self._wake.clear()
            self._write()

    def _write(self) -> None:
        taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
        n_dropped = self.n_dropped
        if n_dropped:
            text = f"{n_dropped:,} lines are missing here: they came too fast or the disk took none"
            taken.append(records.encoded(_now(), levels.WARNING + levels.GAP, text))
        if not taken:
            return
        try:
            descriptor = folders.open_to_append(folders.made_folder(APP) / folders.EVENTS)
            try:
                os.write(descriptor, b"".join(taken))
            finally:
                os.close(descriptor)
        except OSError:  # a full disk: there is no place to complain to
            self.n_dropped += len(taken) - bool(n_dropped)
        else:
            self.n_dropped -= n_dropped

    def close(self) -> None:
        """Writes what waits."""
        self._is_ended = True
        self._wake.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(_END_SECONDS)
        self._write()
        super().close()


def encoded(record: logging.LogRecord) -> bytes:
    """Its line, and those of a traceback as a continuation."""
    at, level = int(record.created * 1000), levels.of_logging(record.levelname)
    text = f"{record.name}: {one_line(record.getMessage())}"
    lines = [records.encoded(at, level + levels.PLAIN, text)]
    if record.exc_info and record.exc_info[0] is not None:
        trace = logging.Formatter().formatException(record.exc_info).splitlines()
        for line in trace[-MOST_TRACE_LINES:]:
            text = f"    {one_line(line[:MOST_LINE_BYTES])}"
            lines.append(records.encoded(at, level + levels.CONTINUED, text))
    return b"".join(lines)


def _now() -> int:
    return int(time.time() * 1000)


def start() -> AppLog:
    """From now on the root logger's records go to the log of this program, too."""
    root = logging.getLogger()
    for handler in root.handlers:
        if isinstance(handler, AppLog):
            return handler
    handler = AppLog()
    root.addHandler(handler)
    atexit.register(stop, handler)
    return handler


def stop(handler: AppLog) -> None:
    logging.getLogger().removeHandler(handler)
    handler.close()
    atexit.unregister(stop)
