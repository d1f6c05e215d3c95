from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from metrics_app.core.metric import Unit

# By name of the metric; None is what a GPU does not tell.
Figures = dict[str, float | None]

QUICK: Final[dict[str, Unit]] = {
    "busy_ratio": "ratio",
    "memory_used_bytes": "bytes",
    "memory_total_bytes": "bytes",
    "memory_busy_ratio": "ratio",
    "temperature_celsius": "celsius",
    "power_watts": "watts",
}
COSTLY: Final[dict[str, Unit]] = {
    "power_limit_watts": "watts",
    "core_clock_hertz": "hertz",
    "memory_clock_hertz": "hertz",
    "fan_ratio": "ratio",
}
# Of one GPU: process number to the bytes of its memory, None where the driver does not say.
Processes = dict[int, int | None]


@dataclass(frozen=True, slots=True)
class GpuReading:
    """One GPU's memory; None is what it does not tell."""

    key: str
    name: str
    total_bytes: int | None = None
    free_bytes: int | None = None
    used_bytes: int | None = None
