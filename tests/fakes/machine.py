"""A machine of made-up size whose GPU is filled by the engines of this test process.

The registry takes its figures through `capacity.provide`, as it takes those of the real machine.
"""

from __future__ import annotations

from typing import Final

import psutil

from tests.devices import FakeDevice
from tests.fakes.supervised import PROGRAM

GIB: Final = 1 << 30
GPU: Final = "nvidia:made-up"


class Machine:
    """Roomy RAM, and one GPU of which each running fake engine takes `each_bytes`."""

    def __init__(self, gpu_bytes: int, each_bytes: int = 0) -> None:
        self.gpu_bytes = gpu_bytes
        self.each_bytes = each_bytes
        self.late = False  # the driver gives nothing back yet
        self.most_at_once = 0
        self._used = 0

    def devices(self) -> list[FakeDevice]:
        running = len(_engines())
        self.most_at_once = max(self.most_at_once, running)
        used = running * self.each_bytes
        self._used = max(used, self._used) if self.late else used
        return [
            FakeDevice("ram", "ram", 64 * GIB, 64 * GIB),
            FakeDevice(GPU, "gpu", self.gpu_bytes, max(0, self.gpu_bytes - self._used)),
        ]


def _engines() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        try:
            if str(PROGRAM) in child.cmdline():
                found.append(child)
        except psutil.Error:  # it has ended meanwhile
            continue
    return found


def roomy() -> list[FakeDevice]:
    """No test should depend on what the machine that runs it has free."""
    return [FakeDevice("ram", "ram", 64 * GIB, 64 * GIB)]
