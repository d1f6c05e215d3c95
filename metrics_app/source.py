from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from metrics_app.core.clock import Tick
from metrics_app.core.metric import Metric


class Source(Protocol):
    """Something that can be read: the processor, a GPU, an engine's process.

    `read` runs in the sampler's thread. It may raise or hang: that costs this source its figures
    and no other. It keeps its Metric objects, so that a tick makes no new ones.
    """

    @property
    def name(self) -> str:
        """Of this source alone: one added under the same name takes its place."""

    @property
    def topics(self) -> tuple[str, ...]:
        """The metrics' sources that it feeds."""

    @property
    def seconds(self) -> float:
        """From one reading to the next while somebody watches one of the topics."""

    @property
    def unwatched_seconds(self) -> float:
        """Infinite: it is read only while somebody watches, and its figures are unknown else."""

    def read(self, tick: Tick) -> Mapping[Metric, float | None]: ...
