"""A scan's progress for people at a terminal, on stderr: stdout is for the result."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from models_app.scan.scan_progress import OnProgress, Progress

BAR_WIDTH: Final = 30
LINE_SECONDS: Final = 5.0  # between lines where there is no terminal to draw a bar on


class Stream(Protocol):
    """What a command's stderr offers."""

    def write(self, msg: str, *, ending: str = ...) -> None: ...
    def flush(self) -> None: ...
    def isatty(self) -> bool: ...


@contextmanager
def progress_display(stream: Stream) -> Iterator[OnProgress]:
    """A bar on a terminal, which is wiped at the end; elsewhere a line every few seconds."""
    if not stream.isatty():
        yield _Lines(stream)
        return
    try:
        yield _Bar(stream)
    finally:
        stream.write("\r\x1b[K", ending="")
        stream.flush()


class _Bar:
    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __call__(self, progress: Progress) -> None:
        self._stream.write(f"\r\x1b[K{bar(progress)}", ending="")
        self._stream.flush()


class _Lines:
    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._next_at = time.monotonic() + LINE_SECONDS

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + LINE_SECONDS
        self._stream.write(counts(progress))


def bar(progress: Progress) -> str:
    done = progress.n_read / progress.n_to_read if progress.n_to_read else 0.0
    filled = int(BAR_WIDTH * done)
    return f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {counts(progress)}"


def counts(progress: Progress) -> str:
    return f"{progress.n_files} files found, {progress.n_read} of {progress.n_to_read} read"
