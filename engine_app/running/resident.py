"""What of a process is in memory: of its own, and of files it has mapped."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import psutil


class Resident(NamedTuple):
    rss_bytes: int
    file_bytes: int  # mapped: the weights, unless they were read into memory of its own
    read_bytes: int  # so much it has read with system calls

    @property
    def loaded_bytes(self) -> int:
        """How much of its model it has seen: mapped or read."""
        return max(self.file_bytes, self.read_bytes)


def resident(pid: int) -> Resident | None:
    try:
        memory = psutil.Process(pid).memory_info()
    except psutil.Error:
        return None
    return Resident(memory.rss, getattr(memory, "shared", 0), _read_bytes(pid))


def _read_bytes(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/io").read_text().splitlines():
            name, _, number = line.partition(": ")
            if name == "rchar":
                return int(number)
    except (OSError, ValueError):
        return 0
    return 0
