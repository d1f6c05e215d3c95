"""The part of the pynvml module that llamadash uses, for a machine that is written down."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


class NVMLError(Exception):
    pass


@dataclass
class Memory:
    total: int
    free: int
    used: int


@dataclass
class Utilization:
    gpu: int
    memory: int


@dataclass
class Process:
    pid: int
    usedGpuMemory: int | None = None


@dataclass
class PciInfo:
    busId: str


@dataclass
class Gpu:
    """None is what the GPU does not support: asking for it fails."""

    uuid: str
    name: str | bytes
    memory: Memory | None
    lost: bool = False
    utilization: Utilization | None = None
    celsius: int | None = None
    milliwatts: int | None = None
    limit_milliwatts: int | None = None
    clocks_mhz: tuple[int, int, int] | None = None  # graphics, SM, memory
    fan_percent: int | None = None
    computing: list[int] | None = None  # process ids
    drawing: list[int] | None = None
    bytes_of: dict[int, int] = field(default_factory=dict)  # by process id
    bus: str | None = None  # 00000000:01:00.0


@dataclass
class Nvml:
    gpus: list[Gpu] = field(default_factory=list)
    driver_works: bool = True
    starts: int = 0
    stops: int = 0
    hang: threading.Event | None = None  # every question about a GPU waits for it

    def nvmlInit(self) -> None:
        self.starts += 1
        if not self.driver_works:
            raise NVMLError("Driver/library version mismatch")

    def nvmlShutdown(self) -> None:
        self.stops += 1

    def nvmlDeviceGetPciInfo(self, handle: Gpu) -> PciInfo:
        return PciInfo(self._told(handle, handle.bus))

    def nvmlDeviceGetCount(self) -> int:
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Gpu:
        if self.gpus[index].lost:
            raise NVMLError("GPU is lost")
        return self.gpus[index]

    def nvmlDeviceGetUUID(self, handle: Gpu) -> str:
        return handle.uuid

    def nvmlDeviceGetName(self, handle: Gpu) -> str | bytes:
        return handle.name

    def nvmlDeviceGetMemoryInfo(self, handle: Gpu) -> Memory:
        return self._told(handle, handle.memory)

    def nvmlDeviceGetUtilizationRates(self, handle: Gpu) -> Utilization:
        return self._told(handle, handle.utilization)

    def nvmlDeviceGetTemperature(self, handle: Gpu, sensor: int) -> int:
        assert sensor == 0
        return self._told(handle, handle.celsius)

    def nvmlDeviceGetPowerUsage(self, handle: Gpu) -> int:
        return self._told(handle, handle.milliwatts)

    def nvmlDeviceGetEnforcedPowerLimit(self, handle: Gpu) -> int:
        return self._told(handle, handle.limit_milliwatts)

    def nvmlDeviceGetClockInfo(self, handle: Gpu, kind: int) -> int:
        return self._told(handle, handle.clocks_mhz)[kind]

    def nvmlDeviceGetFanSpeed(self, handle: Gpu) -> int:
        return self._told(handle, handle.fan_percent)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: Gpu) -> list[Process]:
        return self._processes(handle, handle.computing)

    def nvmlDeviceGetGraphicsRunningProcesses(self, handle: Gpu) -> list[Process]:
        return self._processes(handle, handle.drawing)

    def _processes(self, gpu: Gpu, pids: list[int] | None) -> list[Process]:
        return [Process(pid, gpu.bytes_of.get(pid)) for pid in self._told(gpu, pids)]

    def _told(self, gpu: Gpu, value: T | None) -> T:
        if self.hang is not None:
            self.hang.wait()
        if gpu.lost:
            raise NVMLError("GPU is lost")
        if value is None:
            raise NVMLError("Not Supported")
        return value
