"""The thread that reads, and what it is told to read at one tick."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock, Thread

from metrics_app.core.clock import Tick
from metrics_app.reading import Reading


class Round:
    """What is to be read at one tick."""

    def __init__(
        self,
        readings: Sequence[Reading],
        tick: Tick,
        seconds: float,
        done: asyncio.Future[None],
    ) -> None:
        self._left = list(reversed(readings))
        self._tick = tick
        self._late_at = time.monotonic() + seconds
        self._done = done
        self._loop = done.get_loop()
        self._lock = Lock()
        self.has_ended = False

    @property
    def is_late(self) -> bool:
        return time.monotonic() > self._late_at

    def run(self) -> None:
        while reading := self._next():
            reading.run(self._tick)
        self.has_ended = True
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._tell)

    def abandon(self) -> list[Reading]:
        """The readings that are not made any more. One that is being made goes on by itself."""
        with self._lock:
            left, self._left = self._left, []
        return left

    def _next(self) -> Reading | None:
        with self._lock:
            return self._left.pop() if self._left else None

    def _tell(self) -> None:
        if not self._done.done():
            self._done.set_result(None)


class Reader:
    """A thread that reads round after round until `end`; when it hangs, it is no one's."""

    def __init__(self) -> None:
        self._rounds: SimpleQueue[Round | None] = SimpleQueue()
        # A daemon: a driver that never answers must not keep the process from ending.
        Thread(target=self._run, name="sampler", daemon=True).start()

    def read(self, round: Round) -> None:
        self._rounds.put(round)

    def end(self) -> None:
        self._rounds.put(None)

    def _run(self) -> None:
        while (round := self._rounds.get()) is not None:
            round.run()
