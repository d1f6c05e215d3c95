"""The last hour at one value a second, in this process's memory."""

from __future__ import annotations

import math
from array import array
from threading import Lock
from typing import Final

from metrics_app.core.metric import Metric
from metrics_app.core.ring import Ring
from metrics_app.sampled import Sampled


class Hour:
    """Written on the agent's loop, read from request threads; what is read is a copy.

    Empty in a web process without an agent.
    """

    def __init__(self, ring: Ring | None = None) -> None:
        self._ring = ring or Ring()
        self._lock = Lock()
        self._newest: Sampled | None = None

    def add(self, sampled: Sampled) -> None:
        with self._lock:
            self._ring.add(math.floor(sampled.at), sampled.values)
        self._newest = sampled

    def newest(self) -> Sampled | None:
        return self._newest

    def covers(self, start_at: float) -> bool:
        """Whether what was read since then is here, none of it only in the database."""
        with self._lock:
            return self._ring.covers(start_at)

    def read(self, key: str, start: int, end: int) -> array[float]:
        """A value for each second from `start` until before `end`; NaN where there is none."""
        with self._lock:
            return self._ring.read(key, start, end)

    def metrics(self) -> list[Metric]:
        """Those with a value within the hour."""
        with self._lock:
            return self._ring.metrics()

    @property
    def n_dropped(self) -> int:
        """Values of series beyond the most that are kept."""
        return self._ring.n_dropped

    def clear(self) -> None:
        with self._lock:
            self._ring = Ring()
        self._newest = None


hour: Final = Hour()
