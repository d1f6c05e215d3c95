"""Reads all sources once a second, in one thread beside the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from threading import Lock
from typing import Final

from metrics_app.core.clock import Clock, Tick
from metrics_app.core.metric import Metric
from metrics_app.reader import Reader, Round
from metrics_app.reading import Reading, SourceStatus
from metrics_app.sampled import Sampled
from metrics_app.source import Source

logger = logging.getLogger(__name__)

DEADLINE_SECONDS: Final = 0.8

__all__ = ["Sampled", "Sampler", "sampler"]


def nobody_watches(topic: str) -> bool:
    return False


class Sampler:
    """A tick that comes while the last one still runs is skipped, never queued.

    A source that does not answer within the deadline is set aside with the thread it holds, and a
    new thread reads the others; it is back once its call returns. `tick` belongs to one event loop;
    `add`, `remove` and `statuses` may be called from any thread.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        watched: Callable[[str], bool] = nobody_watches,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._clock = clock or Clock()
        self._watched = watched
        self._deadline_seconds = deadline_seconds
        self._lock = Lock()
        self._readings: dict[str, Reading] = {}  # replaced as a whole: a tick sees one state of it
        self._reader: Reader | None = None
        self._round: Round | None = None
        self.n_skipped = 0

    def add(self, source: Source) -> None:
        with self._lock:
            self._readings = {**self._readings, source.name: Reading(source)}

    def remove(self, name: str) -> None:
        with self._lock:
            kept = {each: reading for each, reading in self._readings.items() if each != name}
            self._readings = kept

    def watch_by(self, watched: Callable[[str], bool]) -> None:
        """Tells whether somebody looks at a topic now: costly sources are read more often then."""
        self._watched = watched

    def statuses(self) -> list[SourceStatus]:
        return [reading.status(self._deadline_seconds) for reading in self._readings.values()]

    async def tick(self) -> Sampled | None:
        """None when the last tick's deadline has not passed yet."""
        if not self._is_free():
            self.n_skipped += 1
            return None
        tick = self._clock.tick()
        if tick.jump_seconds:
            logger.warning(
                "the clock moved by %+.0f s against the time that passed: it was set, or the "
                "machine slept",
                tick.jump_seconds,
            )
        readings = list(self._readings.values())
        await self._read([reading for reading in readings if self._is_due(reading, tick)], tick)
        return self._sampled(readings, tick)

    def close(self) -> None:
        """Ends the thread; a hanging one is left alone and ends with the process."""
        if self._reader is not None:
            self._reader.end()
            self._reader = None

    def _is_free(self) -> bool:
        """A tick that was called off leaves its round running."""
        if self._round is not None and not self._round.has_ended:
            if not self._round.is_late:
                return False
            self._set_aside(self._round)
        return True

    def _is_due(self, reading: Reading, tick: Tick) -> bool:
        watched = any(self._watched(topic) for topic in reading.source.topics)
        return reading.is_due(tick, watched=watched)

    async def _read(self, due: list[Reading], tick: Tick) -> None:
        free = [reading for reading in due if not reading.is_running]
        for reading in due:
            reading.n_skipped += reading.is_running
        if not free:
            return
        done = asyncio.get_running_loop().create_future()
        self._round = Round(free, tick, self._deadline_seconds, done)
        if self._reader is None:
            self._reader = Reader()
        self._reader.read(self._round)
        await asyncio.wait([done], timeout=self._deadline_seconds)
        if not self._round.has_ended:
            self._set_aside(self._round)

    def _set_aside(self, late: Round) -> None:
        for reading in late.abandon():
            reading.n_skipped += 1
        self._round = None
        self.close()

    def _sampled(self, readings: list[Reading], tick: Tick) -> Sampled:
        values: dict[Metric, float | None] = {}
        for reading in readings:
            # Still due: it was not read in time. A former value is not this second's.
            is_known = reading.holds(tick) and not self._is_due(reading, tick)
            values.update(reading.values if is_known else reading.unknown)
        return Sampled(tick.at, tick.elapsed_seconds, values, tick.jump_seconds)


sampler: Final = Sampler()
