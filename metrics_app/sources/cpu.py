from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final

import psutil

from metrics_app.core.clock import Tick
from metrics_app.core.cpu import CpuTimes, CpuUse
from metrics_app.core.labelled import Labelled
from metrics_app.core.metric import Metric

_RATIOS: Final = tuple(
    Metric("host", f"cpu_{kind}ratio", "ratio")
    for kind in ("", "user_", "system_", "iowait_", "steal_")
)
_LOADS: Final = tuple(Metric("host", f"load_{minutes}", "count") for minutes in (1, 5, 15))
_UPTIME: Final = Metric("host", "uptime_seconds", "seconds", kept=False)
_MOST_CORES: Final = 512


class Cpu:
    """Total and each core, by the difference of all time counters; load; the machine's uptime."""

    name = "cpu"
    topics = ("host",)
    seconds = unwatched_seconds = 1.0

    def __init__(self) -> None:
        self._use = CpuUse()
        self._cores = Labelled("host", "core_ratio", "ratio", kept=False)

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        cores = [_times(core) for core in psutil.cpu_times(percpu=True)]
        whole, busy = self._use.update(cores)
        values: dict[Metric, float | None] = dict(zip(_RATIOS, whole, strict=True))
        for number, ratio in islice(enumerate(busy), _MOST_CORES):
            values[self._cores[str(number)]] = ratio
        values.update(zip(_LOADS, os.getloadavg(), strict=True))
        values[_UPTIME] = _uptime_seconds(tick)
        return values


def _times(core: Any) -> CpuTimes:
    """Systems other than Linux have no iowait and no steal, and all have an order of their own."""
    fields: Sequence[str] = core._fields
    if fields[:8] == CpuTimes._fields:
        return CpuTimes._make(core[:8])
    return CpuTimes(**{name: getattr(core, name) for name in CpuTimes._fields if name in fields})


def _uptime_seconds(tick: Tick) -> float:
    if hasattr(time, "CLOCK_BOOTTIME"):  # right also when the time of day was set
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return tick.at - float(psutil.boot_time())
