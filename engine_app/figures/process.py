"""What the processes of one engine need: processor and memory."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Final

from engine_app.figures.process_stat import ProcessStat, process_stat
from engine_app.running.around import TOPIC
from engine_app.running.identity import group_of
from engine_app.running.launching import Running
from metrics_app.core.clock import Tick
from metrics_app.core.metric import Metric
from metrics_app.core.rates import Rates

SEARCH_SECONDS: Final = 10.0


class Processes:
    """Those of an engine that are known: its own, and what a program that is a script has started.

    The search looks at every process of the machine. It is made once when the engine is ready, and
    again while somebody watches.
    """

    def __init__(self, running: Running) -> None:
        self._running = running
        self._was_ready = False
        self._started: dict[int, float] = {}
        self._find(running.child.pid)

    @property
    def pids(self) -> frozenset[int]:
        return frozenset(self._started)

    def search(self) -> None:
        for pid in group_of(self._running.child.pid):
            if pid not in self._started:
                self._find(pid)

    def read(self) -> dict[int, ProcessStat]:
        """Those that have ended are known no more."""
        if not self._was_ready and self._running.ready_at is not None:
            self._was_ready = True
            self.search()
        stats = {pid: process_stat(pid) for pid in self._started}
        alive = {
            pid: stat
            for pid, stat in stats.items()
            if stat is not None and stat.started == self._started[pid]
        }
        if len(alive) < len(stats):
            self._started = {pid: stat.started for pid, stat in alive.items()}
        return alive

    def _find(self, pid: int) -> None:
        if (stat := process_stat(pid)) is not None:
            # Another mapping: a reading that hangs may still go through the one that is.
            self._started = {**self._started, pid: stat.started}

    @property
    def age_seconds(self) -> float:
        return max(0.0, time.time() - self._running.since)


class ProcessFigures:
    """CPU (of one core: several make more than 1) and resident memory of all of them; pages that
    two of them share count twice."""

    seconds = unwatched_seconds = 1.0

    def __init__(self, topic: str, processes: Processes) -> None:
        self.name = f"{topic} process"
        self.topics = (topic, TOPIC)
        self._processes = processes
        self._rates: Rates[int] = Rates()
        self._cpu = Metric(topic, "cpu_ratio", "ratio")
        self._rss = Metric(topic, "rss_bytes", "bytes")
        # The topic's clock: when it stands still, nobody reads this engine any more.
        self._uptime = Metric(topic, "uptime_seconds", "seconds", kept=False)
        self.rss_bytes: int | None = None  # the latest

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        alive = self._processes.read()
        used = {pid: stat.cpu_seconds for pid, stat in alive.items()}
        rates = self._rates.update(used, tick.monotonic).values()
        known = [rate for rate in rates if rate is not None]
        self.rss_bytes = sum(stat.rss_bytes for stat in alive.values()) if alive else None
        return {
            self._cpu: sum(known) if known else None,
            self._rss: self.rss_bytes,
            self._uptime: self._processes.age_seconds if alive else None,
        }


class ProcessSearch:
    """Finds the processes again while somebody watches."""

    seconds = SEARCH_SECONDS
    unwatched_seconds = math.inf

    def __init__(self, topic: str, processes: Processes) -> None:
        self.name = f"{topic} processes"
        self.topics = (topic, TOPIC)
        self._processes = processes
        self._number = Metric(topic, "processes", "count", kept=False)

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        self._processes.search()
        return {self._number: len(self._processes.pids)}
