"""Counters that only grow, as figures per second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Generic, TypeVar

# After a longer break (the process was stopped) an average is not what happened in this second.
LONGEST_SECONDS: Final = 60.0

K = TypeVar("K")


class Rates(Generic[K]):
    """Keeps the last reading only, so counters that disappear leave nothing behind."""

    def __init__(self) -> None:
        self._last: Mapping[K, float] = {}
        self._read_at = 0.0

    def update(self, counters: Mapping[K, float], monotonic: float) -> dict[K, float | None]:
        """Per second since the last reading; None for a new counter and for one that was reset."""
        last, self._last = self._last, counters
        elapsed, self._read_at = monotonic - self._read_at, monotonic
        if not 0 < elapsed <= LONGEST_SECONDS:
            return dict.fromkeys(counters)
        return {key: _rate(last.get(key), now, elapsed) for key, now in counters.items()}


def _rate(before: float | None, now: float, elapsed_seconds: float) -> float | None:
    if before is None or now < before:
        return None
    return (now - before) / elapsed_seconds
