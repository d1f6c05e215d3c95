from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import psutil

from metrics_app.core.clock import Tick
from metrics_app.core.memory_limit import MemoryLimit, read_limit
from metrics_app.core.metric import Metric

_USED: Final = Metric("host", "memory_used_bytes", "bytes")
_AVAILABLE: Final = Metric("host", "memory_available_bytes", "bytes")
_TOTAL: Final = Metric("host", "memory_total_bytes", "bytes")
_SWAP_USED: Final = Metric("host", "swap_used_bytes", "bytes")
_SWAP_TOTAL: Final = Metric("host", "swap_total_bytes", "bytes")
_LIMIT_SECONDS: Final = 30.0


class SystemMemory(NamedTuple):
    total_bytes: int
    available_bytes: int

    @property
    def used_bytes(self) -> int:
        return max(self.total_bytes - self.available_bytes, 0)


def system_memory(limit: MemoryLimit | None) -> SystemMemory:
    """The machine's, or what the limit of our control group leaves of it."""
    memory = psutil.virtual_memory()
    if limit is None:
        return SystemMemory(memory.total, memory.available)
    return SystemMemory(
        min(memory.total, limit.limit_bytes), min(memory.available, limit.free_bytes)
    )


class Memory:
    name = "memory"
    topics = ("host",)
    seconds = unwatched_seconds = 1.0

    def __init__(self) -> None:
        self._unlimited_until = 0.0

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        memory = system_memory(self._limit(tick))
        return {
            _USED: memory.used_bytes,
            _AVAILABLE: memory.available_bytes,
            _TOTAL: memory.total_bytes,
        }

    def _limit(self, tick: Tick) -> MemoryLimit | None:
        """Looking for one costs more than the memory figures, and most machines have none."""
        if tick.monotonic < self._unlimited_until:
            return None
        limit = read_limit()
        if limit is None:
            self._unlimited_until = tick.monotonic + _LIMIT_SECONDS
        return limit


class Swap:
    """A source of its own: psutil takes 0.16 ms for it, and it moves slowly."""

    name = "swap"
    topics = ("host",)
    seconds = 2.0
    unwatched_seconds = 10.0

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        swap = psutil.swap_memory()
        return {_SWAP_USED: swap.used, _SWAP_TOTAL: swap.total}
