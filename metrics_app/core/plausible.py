"""Which values can be true. What a driver or a foreign program tells is not believed blindly."""

from __future__ import annotations

from typing import Final

from metrics_app.core.metric import Metric, Unit

_MOST: Final = 1e15  # a petabyte; float32 in the hour's memory goes far beyond

_RANGES: Final[dict[Unit, tuple[float, float]]] = {
    "ratio": (0.0, 1.0),
    "bytes": (0.0, _MOST),
    "bytes_per_second": (0.0, _MOST),
    "per_second": (0.0, _MOST),
    "count": (0.0, _MOST),
    "seconds": (0.0, _MOST),
    "celsius": (-273.15, 1e4),
    "watts": (0.0, 1e6),
    "hertz": (0.0, _MOST),
}
_CORES: Final = (0.0, 4096.0)  # a process's share of one core: it may use many


def plausible(metric: Metric, value: object) -> bool:
    """A finite number within what its unit allows. Numbers in quotes and booleans are none."""
    if type(value) is not float and type(value) is not int:
        return False
    low, high = _RANGES[metric.unit]
    if low <= value <= high:  # never true of NaN
        return True
    of_a_process = metric.name == "cpu_ratio" and metric.source != "host"
    return of_a_process and _CORES[0] <= value <= _CORES[1]
