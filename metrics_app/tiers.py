"""The tiers of the history: how fine they are, and for which ranges a chart reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HOUR: Final = 3_600
DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Tier:
    name: str  # as answers call it
    seconds: int
    # A chart of at most this long reads it: about 1,500 rows a series.
    longest_range_seconds: int


SECONDS: Final = Tier("1s", 1, HOUR)  # in memory only: metrics_app/hour.py
SAMPLES: Final = Tier("10s", 10, 4 * HOUR)
MINUTES: Final = Tier("1min", 60, 25 * HOUR)
QUARTERS: Final = Tier("15min", 900, 15 * DAY)
HOURS: Final = Tier("1h", 3_600, 62 * DAY)
DAYS: Final = Tier("1d", 86_400, 100 * 366 * DAY)

STORED: Final = (SAMPLES, MINUTES, QUARTERS, HOURS, DAYS)
ROLLED_UP: Final = STORED[1:]
