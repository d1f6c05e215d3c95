from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from metrics_app.core.clock import Tick
from metrics_app.core.hwmon import find_sensors, read_celsius
from metrics_app.core.labelled import Labelled
from metrics_app.core.metric import Metric

_LOOK_SECONDS: Final = 60.0


class Temperatures:
    """Rarely: some chips take milliseconds to answer."""

    name = "temperatures"
    topics = ("host",)
    seconds = 2.0
    unwatched_seconds = 10.0

    def __init__(self, find: Callable[[], dict[str, Path]] = find_sensors) -> None:
        self._find = find
        self._sensors: dict[str, Path] = {}
        self._look_at: float | None = None
        self._celsius = Labelled("host", "temperature_celsius", "celsius")

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        if self._look_at is None or tick.monotonic >= self._look_at:
            self._sensors = self._find()
            self._look_at = tick.monotonic + _LOOK_SECONDS
        return {self._celsius[name]: read_celsius(file) for name, file in self._sensors.items()}
