"""How much of something may be had a minute: a bucket that fills evenly."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """Holds a minute's worth at most. Times are seconds on one monotonic clock."""

    per_minute: float
    level: float
    at: float

    @classmethod
    def full(cls, per_minute: float, now: float) -> Bucket:
        return cls(per_minute, per_minute, now)

    def fill(self, now: float) -> None:
        grown = self.level + max(0.0, now - self.at) * self.per_minute / 60
        self.level = min(self.per_minute, grown)
        self.at = now

    def take(self, amount: float, now: float) -> None:
        """May go below zero: what was spent is known afterwards only."""
        self.fill(now)
        self.level -= amount

    def wait_seconds(self, amount: float, now: float) -> int:
        """0: so much is there; else whole seconds until it will be."""
        self.fill(now)
        missing = amount - self.level
        if missing <= 0:
            return 0
        return max(1, math.ceil(missing * 60 / self.per_minute)) if self.per_minute else 60
