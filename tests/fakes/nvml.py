"""The part of the pynvml module that llamadash uses, for a machine that is written down."""

from __future__ import annotations

from dataclasses import dataclass, field


class NVMLError(Exception):
    pass


@dataclass
class Memory:
    total: int
    free: int
    used: int


@dataclass
class Gpu:
    uuid: str
    name: str | bytes
    memory: Memory | None  # None: asking for it fails
    lost: bool = False


@dataclass
class Nvml:
    gpus: list[Gpu] = field(default_factory=list)
    driver_works: bool = True
    starts: int = 0

    def nvmlInit(self) -> None:
        self.starts += 1
        if not self.driver_works:
            raise NVMLError("Driver/library version mismatch")

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
        if handle.memory is None:
            raise NVMLError("Not Supported")
        return handle.memory
