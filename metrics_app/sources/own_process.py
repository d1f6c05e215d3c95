from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

import psutil

from metrics_app.core.clock import Tick
from metrics_app.core.metric import Metric
from metrics_app.core.rates import Rates

_CPU: Final = Metric("self", "cpu_ratio", "ratio")  # of one core
_RSS: Final = Metric("self", "rss_bytes", "bytes")
_THREADS: Final = Metric("self", "threads", "count")
_OPEN_FILES: Final = Metric("self", "open_files", "count")
_LOOP_LAG: Final = Metric("self", "loop_lag_seconds", "seconds")
_UPTIME: Final = Metric("self", "uptime_seconds", "seconds", kept=False)


class OwnProcess:
    """What llamadash itself needs. `take_loop_lag` gives the largest delay since it was asked."""

    name = "llamadash"
    topics = ("self",)
    seconds = unwatched_seconds = 1.0

    def __init__(self, take_loop_lag: Callable[[], float | None] = lambda: None) -> None:
        self._process = psutil.Process()
        self._started = time.monotonic() - max(0.0, time.time() - self._process.create_time())
        self._take_loop_lag = take_loop_lag
        self._cpu: Rates[Metric] = Rates()

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        with self._process.oneshot():
            cpu = self._process.cpu_times()
            rates = self._cpu.update({_CPU: cpu.user + cpu.system}, tick.monotonic)
            return {
                _CPU: rates[_CPU],
                _RSS: self._process.memory_info().rss,
                _THREADS: self._process.num_threads(),
                _OPEN_FILES: self._process.num_fds(),
                _LOOP_LAG: self._take_loop_lag(),
                _UPTIME: max(0.0, tick.monotonic - self._started),
            }
