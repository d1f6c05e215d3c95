"""GPUs, a source for each maker: a driver that hangs costs its own. No GPU, no metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from metrics_app.core.clock import Tick
from metrics_app.core.gpu.amd import AmdGpus
from metrics_app.core.gpu.intel import IntelGpus
from metrics_app.core.gpu.reading import COSTLY, QUICK, Figures, Processes
from metrics_app.core.labelled import Labelled
from metrics_app.core.metric import Metric, Unit
from metrics_app.devices import gpu_processes, nvidia_gpus


class Driver(Protocol):
    """GPUs' keys to their figures. Never raises; may hang."""

    def quick(self, monotonic: float) -> dict[str, Figures]: ...

    def costly(self, monotonic: float) -> dict[str, Figures]: ...


DRIVERS: Final[Mapping[str, Driver]] = {
    "NVIDIA": nvidia_gpus,
    "AMD": AmdGpus(),
    "Intel": IntelGpus(),
}


class Gpus:
    """What is cheap to ask: load, memory, temperature, power."""

    topics = ("gpu",)
    seconds = unwatched_seconds = 1.0

    def __init__(self, maker: str, driver: Driver) -> None:
        self.name = f"{maker} GPUs"
        self._driver = driver
        self._metrics = _labelled(QUICK)

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        return _values(self._metrics, self._driver.quick(tick.monotonic))


class GpuDetails:
    """Clocks, fans and limits."""

    topics = ("gpu",)
    seconds = 2.0
    unwatched_seconds = 10.0

    def __init__(self, maker: str, driver: Driver) -> None:
        self.name = f"{maker} GPU details"
        self._driver = driver
        self._metrics = _labelled(COSTLY)

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        return _values(self._metrics, self._driver.costly(tick.monotonic))


class GpuProcesses:
    """How many processes each GPU has: looked at only while somebody watches."""

    name = "GPU processes"
    topics = ("gpu",)
    seconds = 2.0
    unwatched_seconds = math.inf

    def __init__(self, read: Callable[[], Mapping[str, Processes]] = gpu_processes) -> None:
        self._read = read
        self._numbers = Labelled("gpu", "processes", "count")

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        return {self._numbers[gpu]: len(each) for gpu, each in self._read().items()}


def _labelled(units: Mapping[str, Unit]) -> dict[str, Labelled]:
    return {name: Labelled("gpu", name, unit) for name, unit in units.items()}


def _values(
    metrics: Mapping[str, Labelled], answer: dict[str, Figures]
) -> dict[Metric, float | None]:
    """Every GPU has every metric: what it does not tell is unknown."""
    return {
        labelled[key]: figures.get(name)
        for key, figures in answer.items()
        for name, labelled in metrics.items()
    }
