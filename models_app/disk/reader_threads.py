"""A few threads that read files, any of which may be held by a disk for ever.

ThreadPoolExecutor joins its threads when the process ends, so one read stuck on a dead mount would
keep it from ending. These are daemons, and a stuck one is replaced.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from llamadash.perf import timed
from models_app.core.gguf import GGUFError
from models_app.disk.file_reading import Reading
from models_app.disk.found import FoundFile

logger = logging.getLogger(__name__)

QUEUED_PER_WORKER: Final = 4
MOST_STUCK: Final = 4  # are replaced; a disk that holds more is dead
SLOW_SECONDS: Final = 1.0
_WAIT_SECONDS: Final = 0.1


@dataclass(slots=True)
class _Job:
    found: FoundFile
    started_at: float | None = None  # monotonic, set by the thread that takes it
    given_up: bool = False


class ReaderThreads:
    """Use as a context manager; leaving it never waits for a reader."""

    def __init__(
        self, workers: int, read: Callable[[FoundFile], Reading], stall_seconds: float
    ) -> None:
        self._workers = workers
        self._read = read
        self._stall_seconds = stall_seconds
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[_Job, Reading]] = queue.SimpleQueue()
        self._open: dict[int, _Job] = {}  # bounds both queues
        self._threads = 0
        self.stuck = 0

    def __enter__(self) -> ReaderThreads:
        return self

    def __exit__(self, *_: object) -> None:
        for _thread in range(self._threads):
            self._jobs.put(None)

    def read_all(self, files: Iterable[FoundFile], wait: Callable[[], None]) -> Iterator[Reading]:
        """Readings as they end. `wait` is called between them, and may raise."""
        pending = iter(files)
        self._feed(pending)
        while self._open:
            try:
                job, reading = self._results.get(timeout=_WAIT_SECONDS)
            except queue.Empty:
                yield from self._given_up()
            else:
                if not job.given_up:
                    del self._open[id(job)]
                    yield reading
            wait()
            self._feed(pending)

    def _feed(self, pending: Iterator[FoundFile]) -> None:
        while len(self._open) < self._workers * QUEUED_PER_WORKER:
            found = next(pending, None)
            if found is None:
                return
            job = _Job(found)
            self._open[id(job)] = job
            self._jobs.put(job)
            if self._threads - self.stuck < min(self._workers, len(self._open)):
                self._start_thread()

    def _start_thread(self) -> None:
        if self._threads >= self._workers + MOST_STUCK:
            return
        self._threads += 1
        threading.Thread(target=self._run, name="scan-reader", daemon=True).start()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.started_at = time.monotonic()
            self._results.put((job, self._read_safely(job.found)))
            if job.given_up:  # a replacement has its place by now
                return

    def _read_safely(self, found: FoundFile) -> Reading:
        try:
            with timed("scan.read", slow_seconds=SLOW_SECONDS):
                return self._read(found)
        except Exception as error:  # a fault in here must not end a scan, nor hold it for ever
            logger.exception("reading failed")
            message = f"reading it failed: {type(error).__name__}"
            return Reading(found, error=GGUFError("os_error", message))

    def _given_up(self) -> Iterator[Reading]:
        """Files whose reader does not come back. When none is left, what waits is given up too."""
        now = time.monotonic()
        for key, job in list(self._open.items()):
            started = job.started_at
            if started is not None and now - started > self._stall_seconds:
                del self._open[key]
                job.given_up = True
                self.stuck += 1
                self._start_thread()
                yield _unanswered(job.found, self._stall_seconds)
        if self.stuck >= self._threads:
            yield from self._abandon_waiting()

    def _abandon_waiting(self) -> Iterator[Reading]:
        for key, job in list(self._open.items()):
            if job.started_at is None:
                del self._open[key]
                job.given_up = True
                yield _unanswered(job.found, self._stall_seconds)


def _unanswered(found: FoundFile, seconds: float) -> Reading:
    message = f"the disk did not answer for {seconds:g} s"
    return Reading(found, error=GGUFError("os_error", message))
