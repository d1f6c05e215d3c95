"""Time and sources that do what a test says."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from metrics_app.core.clock import Clock, Tick
from metrics_app.core.metric import Metric

LOAD = Metric("host", "load_1", "count")


@dataclass
class SetTime:
    """Two clocks that move only when told to."""

    wall: float = 1_790_000_000.0
    monotonic: float = 50_000.0

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.monotonic)

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


@dataclass
class Giving:
    """Gives `values`, or raises `error`."""

    values: Mapping[Metric, float | None] = field(default_factory=lambda: {LOAD: 1.5})
    name: str = "giving"
    topics: tuple[str, ...] = ("host",)
    seconds: float = 1.0
    unwatched_seconds: float = 1.0
    error: Exception | None = None
    ticks: list[Tick] = field(default_factory=list)

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        self.ticks.append(tick)
        if self.error is not None:
            raise self.error
        return self.values


@dataclass
class Hanging(Giving):
    """Waits until `free` is set, once `hangs`."""

    name: str = "hanging"
    hangs: bool = True
    begun: threading.Event = field(default_factory=threading.Event)
    free: threading.Event = field(default_factory=threading.Event)
    threads: set[int] = field(default_factory=set)

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        if self.hangs:
            self.threads.add(threading.get_ident())
            self.begun.set()
            self.free.wait()
        return super().read(tick)
