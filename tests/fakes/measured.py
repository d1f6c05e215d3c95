"""A machine that was measured: figures in the in-memory hour, as the sampler would leave them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from metrics_app.core.metric import Metric
from metrics_app.hour import hour
from metrics_app.sampled import Sampled

GIB: Final = 1 << 30
HOST: Final[Mapping[Metric, float]] = {
    Metric("host", "cpu_ratio", "ratio"): 0.23,
    Metric("host", "cpu_system_ratio", "ratio"): 0.04,
    Metric("host", "core_ratio", "ratio", "0", kept=False): 0.5,
    Metric("host", "core_ratio", "ratio", "10", kept=False): 0.25,
    Metric("host", "core_ratio", "ratio", "9", kept=False): 1.0,
    Metric("host", "load_1", "count"): 3.9,
    Metric("host", "memory_used_bytes", "bytes"): 15.1 * GIB,
    Metric("host", "memory_total_bytes", "bytes"): 125.6 * GIB,
    Metric("host", "network_receive_bytes_per_second", "bytes_per_second"): 12_897_484,
    Metric("host", "network_send_bytes_per_second", "bytes_per_second"): 1024,
    Metric("host", "disk_used_bytes", "bytes", "/"): 40 * GIB,
    Metric("host", "uptime_seconds", "seconds", kept=False): 90_000,
    Metric("self", "rss_bytes", "bytes"): 120 * (1 << 20),
}


def gpu(key: str) -> dict[Metric, float]:
    return {
        Metric("gpu", "busy_ratio", "ratio", key): 0.88,
        Metric("gpu", "memory_used_bytes", "bytes", key): 21.9 * GIB,
        Metric("gpu", "memory_total_bytes", "bytes", key): 24.0 * GIB,
        Metric("gpu", "temperature_celsius", "celsius", key): 61,
        Metric("gpu", "power_watts", "watts", key): 318,
    }


@contextmanager
def measured(
    values: Mapping[Metric, float | None], seconds: int = 300, ago: float = 0
) -> Iterator[float]:
    """The same values each second, the last `ago` seconds ago; when that was."""
    newest_at = time.time() - ago
    hour.clear()
    for second in range(seconds, -1, -1):
        hour.add(Sampled(newest_at - second, 1.0, dict(values)))
    try:
        yield newest_at
    finally:
        hour.clear()
