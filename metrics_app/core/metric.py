"""What a figure is: where it is from, its name, its unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal[
    "ratio",  # 0 to 1
    "bytes",
    "bytes_per_second",
    "per_second",
    "count",
    "seconds",
    "celsius",
    "watts",
    "hertz",
]


@dataclass(frozen=True, slots=True)
class Metric:
    """One series of figures. `source` is also the hub's topic: "host", "gpu", "engine.7"."""

    source: str
    name: str  # "cpu_ratio", "memory_used_bytes"
    unit: Unit
    label: str = ""  # which of several: "3" of core 3, "nvme0n1", a GPU's key
    kept: bool = True  # False: only the last hour, in memory

    @property
    def key(self) -> str:
        """`host/cpu_ratio`, `host/core_ratio/3`: names the series everywhere."""
        key = f"{self.source}/{self.name}"
        return f"{key}/{self.label}" if self.label else key
