from __future__ import annotations

import math
from collections.abc import Mapping

from engine_app.figures.process import Processes
from engine_app.running.around import TOPIC
from metrics_app.core.clock import Tick
from metrics_app.core.labelled import Labelled
from metrics_app.core.metric import Metric
from metrics_app.devices import gpu_processes


class GpuMemory:
    """What the processes of one engine take of each GPU; only while somebody watches.

    A GPU that none of them uses has no figure. Nor has one whose driver does not say which process
    takes what, or counts processes otherwise than we do, as in a container.
    """

    seconds = 2.0
    unwatched_seconds = math.inf

    def __init__(self, topic: str, processes: Processes) -> None:
        self.name = f"{topic} GPU memory"
        self.topics = (topic, TOPIC)
        self._processes = processes
        self._metrics = Labelled(topic, "gpu_memory_bytes", "bytes")

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        pids = self._processes.pids
        values: dict[Metric, float | None] = {}
        for gpu, processes in gpu_processes().items():
            if ours := pids & processes.keys():
                sizes = [processes[pid] for pid in ours]
                known = [size for size in sizes if size is not None]
                values[self._metrics[gpu]] = sum(known) if len(known) == len(sizes) else None
        return values
