"""What a figure is: where it is from, its name, its unit."""

from __future__ import annotations

from dataclasses import dataclass, field
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

    # `host/cpu_ratio`, `host/core_ratio/3`: names the series everywhere. Made once: every tick asks
    # all metrics for it and dictionaries for the hash. 200 keys: 7 us, made anew 94 us.
    key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        key = f"{self.source}/{self.name}"
        object.__setattr__(self, "key", f"{key}/{self.label}" if self.label else key)

    def __hash__(self) -> int:
        return hash(self.key)
