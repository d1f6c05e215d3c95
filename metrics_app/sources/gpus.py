"""All makers' GPUs. A machine without one has none of these metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

from metrics_app.core.clock import Tick
from metrics_app.core.gpu.amd import AmdGpus
from metrics_app.core.gpu.intel import IntelGpus
from metrics_app.core.gpu.reading import COSTLY, QUICK, Figures
from metrics_app.core.labelled import Labelled
from metrics_app.core.metric import Metric, Unit
from metrics_app.devices import nvidia_gpus


class Driver(Protocol):
    """GPUs' keys to their figures. Never raises; may hang."""

    def quick(self, monotonic: float) -> dict[str, Figures]: ...

    def costly(self, monotonic: float) -> dict[str, Figures]: ...


DRIVERS: Final[tuple[Driver, ...]] = (nvidia_gpus, AmdGpus(), IntelGpus())


class Gpus:
    """What is cheap to ask: load, memory, temperature, power."""

    name = "GPUs"
    topics = ("gpu",)
    seconds = unwatched_seconds = 1.0

    def __init__(self, drivers: Sequence[Driver] = DRIVERS) -> None:
        self._drivers = drivers
        self._metrics = _labelled(QUICK)

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        return _values(self._metrics, (each.quick(tick.monotonic) for each in self._drivers))


class GpuDetails:
    """Clocks, fans, limits and processes."""

    name = "GPU details"
    topics = ("gpu",)
    seconds = 2.0
    unwatched_seconds = 10.0

    def __init__(self, drivers: Sequence[Driver] = DRIVERS) -> None:
        self._drivers = drivers
        self._metrics = _labelled(COSTLY)

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        return _values(self._metrics, (each.costly(tick.monotonic) for each in self._drivers))


def _labelled(units: Mapping[str, Unit]) -> dict[str, Labelled]:
    return {name: Labelled("gpu", name, unit) for name, unit in units.items()}


def _values(
    metrics: Mapping[str, Labelled], answers: Iterable[dict[str, Figures]]
) -> dict[Metric, float | None]:
    """Every GPU has every metric: what it does not tell is unknown."""
    return {
        labelled[key]: figures.get(name)
        for answer in answers
        for key, figures in answer.items()
        for name, labelled in metrics.items()
    }
