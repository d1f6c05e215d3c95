"""Takes the figures of each engine for as long as its process lives, one of an earlier llamadash
included."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from engine_app.figures.answers import Answers, answers
from engine_app.figures.asking import LOOK_SECONDS, Asking, Watched
from engine_app.figures.gpu_memory import GpuMemory
from engine_app.figures.process import Processes, ProcessFigures, ProcessSearch
from engine_app.figures.told import ToldFigures
from engine_app.figures.totals import Totals
from engine_app.running.around import Tell
from engine_app.running.launching import Running
from metrics_app.sampler import Sampler
from metrics_app.source import Source


@dataclass(frozen=True, slots=True)
class FollowedEngine:
    answers: Answers
    process: ProcessFigures
    sources: tuple[Source, ...]
    asking: Asking

    @property
    def rss_bytes(self) -> int | None:
        return self.process.rss_bytes


class Following:
    """Guarantees: an engine whose process has ended has no figures any more, and is asked no more.

    Belongs to the loop of the supervisor. What an engine does or tells never raises from here.
    """

    def __init__(self, sampler: Sampler, tell: Tell, watched: Watched) -> None:
        self._sampler = sampler
        self._tell = tell
        self._watched = watched
        self._followed: dict[int, FollowedEngine] = {}
        self._looking: asyncio.Task[None] | None = None
        self._totals = Totals(self._followed)

    @contextmanager
    def __call__(self, engine_id: int, running: Running) -> Iterator[None]:
        self._begin(engine_id, running)
        try:
            yield
        finally:
            self._end(engine_id)

    def _begin(self, engine_id: int, running: Running) -> None:
        topic = f"engine.{engine_id}"
        told = answers[engine_id] = Answers()
        processes = Processes(running)
        process = ProcessFigures(topic, processes)
        sources = (
            process,
            ToldFigures(topic, told),
            ProcessSearch(topic, processes),
            GpuMemory(topic, processes),
        )
        asking = Asking(topic, running, told, self._tell, self._watched)
        for source in sources:
            self._sampler.add(source)
        self._followed[engine_id] = FollowedEngine(told, process, sources, asking)
        if self._looking is None:
            self._sampler.add(self._totals)
            self._looking = asyncio.create_task(self._look(), name="figures of engines")

    def _end(self, engine_id: int) -> None:
        followed = self._followed.pop(engine_id)
        followed.asking.end()
        answers.pop(engine_id, None)
        for source in followed.sources:
            self._sampler.remove(source.name)
        if not self._followed and self._looking is not None:
            self._sampler.remove(self._totals.name)
            self._looking.cancel()
            self._looking = None

    async def _look(self) -> None:
        """One timer for all: each of its own would wake the loop as often as there are engines."""
        while True:
            for each in tuple(self._followed.values()):
                each.asking.look()
            await asyncio.sleep(LOOK_SECONDS)
