from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final, Protocol

from agent_app.loop_lag import LoopLag
from agent_app.loops import status, wait_any
from agent_app.metrics_writer import MetricsWriter, Recording
from live_app.core.protocol import Field
from metrics_app.core.metric import Metric
from metrics_app.hour import Hour
from metrics_app.sampled import Sampled
from metrics_app.sampler import Sampler

# A timer may fire a moment early, and two ticks would share a second.
_AFTER_SECONDS: Final = 0.005


class Watchers(Protocol):
    """Where live figures go; never waits."""

    def publish(
        self, topic: str, fields: Sequence[Field], values: Sequence[float | None], at: float
    ) -> None: ...


class Sampling:
    """Every second, on the second: read, remember, show; every ten seconds a write is begun.

    A tick that comes late is left out. Neither a hanging sensor nor a database that is busy or full
    delays the next one.
    """

    name = "sampler"

    def __init__(
        self, sampler: Sampler, hour: Hour, recorder: Recording, watchers: Watchers, lag: LoopLag
    ) -> None:
        self._sampler = sampler
        self._hour = hour
        self._recorder = recorder
        self._watchers = watchers
        self._lag = lag
        self._fields = TopicFields()
        self._status = status(self.name)

    async def run(self, stop: asyncio.Event) -> None:
        writer = MetricsWriter(self._recorder)
        writer.start()
        self._lag.start()
        try:
            while not stop.is_set():
                started = time.perf_counter()
                await self.step()
                writer.write_when_due()
                self._status.stepped(time.perf_counter() - started)
                await wait_any(until_next_second(time.time()), stop)
        finally:
            self._lag.stop()
            self._sampler.close()
            await writer.finish()

    async def step(self) -> None:
        sampled = await self._sampler.tick()
        if sampled is None:
            return
        self._hour.add(sampled)
        self._recorder.add(sampled)
        values = list(sampled.values.values())
        for topic, (fields, places) in self._fields.of(sampled).items():
            self._watchers.publish(topic, fields, [values[at] for at in places], sampled.at)


def until_next_second(now: float) -> float:
    """Counted anew from the time of day each time: nothing adds up."""
    return 1.0 - now % 1.0 + _AFTER_SECONDS


class TopicFields:
    """Which figures belong to which topic. Worked out when other figures come, not each second."""

    def __init__(self) -> None:
        self._metrics: list[Metric] = []
        self._topics: dict[str, tuple[list[Field], list[int]]] = {}

    def of(self, sampled: Sampled) -> dict[str, tuple[list[Field], list[int]]]:
        """Topic to its fields and their places among the values."""
        metrics = list(sampled.values)
        if metrics != self._metrics:
            self._metrics = metrics
            # What has no figures any more, as an engine that has ended, is shown to have none.
            self._topics = {
                topic: ([], []) for topic, (fields, _) in self._topics.items() if fields
            }
            for place, metric in enumerate(metrics):
                fields, places = self._topics.setdefault(metric.source, ([], []))
                fields.append(Field(metric.key, metric.unit))
                places.append(place)
        return self._topics
