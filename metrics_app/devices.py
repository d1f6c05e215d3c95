"""Where a model can be put: this machine's memory and its GPUs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import psutil

from metrics_app.core.gpu import amd
from metrics_app.core.gpu.nvidia import NvidiaGpus
from metrics_app.core.gpu.reading import GpuReading
from metrics_app.core.memory_limit import read_limit

_nvidia: Final = NvidiaGpus()


@dataclass(frozen=True, slots=True)
class Device:
    key: str  # the same after a restart
    kind: Literal["gpu", "ram"]
    name: str
    total_bytes: int
    free_bytes: int | None
    used_bytes: int | None


def read_devices() -> list[Device]:
    """The machine's memory, then the GPUs whose size is known."""
    return [_ram(), *(device for gpu in _gpus() if (device := _device(gpu)))]


def why_no_gpu() -> str:
    """What was looked at, in a sentence; empty when the size of every GPU is known."""
    gpus = _gpus()
    silent = ", ".join(gpu.name for gpu in gpus if gpu.total_bytes is None)
    if silent:
        return f"No memory figures from {silent}: the driver reports none."
    if gpus:
        return ""
    return f"No GPU found: {_nvidia.problem}, and {amd.DRM} lists no AMD card."


def _gpus() -> list[GpuReading]:
    return [*_nvidia.read(), *amd.read_gpus()]


def _device(gpu: GpuReading) -> Device | None:
    # A GPU of unknown size is no place to put a model; why_no_gpu() names it.
    if gpu.total_bytes is None:
        return None
    return Device(gpu.key, "gpu", gpu.name, gpu.total_bytes, gpu.free_bytes, gpu.used_bytes)


def _ram() -> Device:
    memory = psutil.virtual_memory()
    total, free = memory.total, memory.available
    if limit := read_limit():
        total, free = min(total, limit.limit_bytes), min(free, limit.free_bytes)
    return Device("ram", "ram", "System memory", total, free, max(total - free, 0))
