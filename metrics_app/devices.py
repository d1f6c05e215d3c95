"""Where a model can be put: this machine's memory and its GPUs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from metrics_app.core.gpu import amd, intel
from metrics_app.core.gpu.cards import DRM
from metrics_app.core.gpu.nvidia import NvidiaGpus
from metrics_app.core.gpu.reading import GpuReading, Processes
from metrics_app.core.memory_limit import read_limit
from metrics_app.sources.memory import system_memory

nvidia_gpus: Final = NvidiaGpus()


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


def gpu_processes() -> dict[str, Processes]:
    """Keys of GPUs to what each process takes of them; costly, so not to be asked every second.

    Only NVIDIA's driver tells. A GPU that is missing here did not say; in a container the numbers
    may be those of the machine, not ours.
    """
    return nvidia_gpus.processes()


def why_no_gpu() -> str:
    """What was looked at, in a sentence; empty when the size of every GPU is known."""
    gpus = _gpus()
    silent = ", ".join(gpu.name for gpu in gpus if gpu.total_bytes is None and _matters(gpu, gpus))
    if silent:
        return f"No memory figures from {silent}: the driver reports none."
    if gpus:
        return ""
    return f"No GPU found: {nvidia_gpus.problem}, and {DRM} lists no AMD or Intel card."


def _matters(silent: GpuReading, gpus: list[GpuReading]) -> bool:
    """The graphics inside an Intel processor have no memory; beside a real GPU that is no news."""
    return not silent.key.startswith("intel:") or all(gpu.total_bytes is None for gpu in gpus)


def _gpus() -> list[GpuReading]:
    return [*nvidia_gpus.read(), *amd.read_gpus(), *intel.read_gpus()]


def _device(gpu: GpuReading) -> Device | None:
    # A GPU of unknown size is no place to put a model; why_no_gpu() names it.
    if gpu.total_bytes is None:
        return None
    return Device(gpu.key, "gpu", gpu.name, gpu.total_bytes, gpu.free_bytes, gpu.used_bytes)


def _ram() -> Device:
    memory = system_memory(read_limit())
    total, free, used = memory.total_bytes, memory.available_bytes, memory.used_bytes
    return Device("ram", "ram", "System memory", total, free, used)
