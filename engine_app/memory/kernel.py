"""How often the kernel has killed for lack of memory."""

from __future__ import annotations

from pathlib import Path
from typing import Final

VMSTAT: Final = Path("/proc/vmstat")
CGROUPS: Final = Path("/sys/fs/cgroup")
OWN_CGROUP: Final = Path("/proc/self/cgroup")


def kills(
    vmstat: Path = VMSTAT, cgroups: Path = CGROUPS, own_cgroup: Path = OWN_CGROUP
) -> int | None:
    """Since some moment before: two answers tell whether it did between them. Of our control group
    where there is one, else of the whole machine; None where it is not told."""
    group = _value(own_cgroup, "0::", separator="0::").strip("/") if own_cgroup.exists() else ""
    inside = _number(_value(cgroups / group / "memory.events", "oom_kill "))
    return inside if inside is not None else _number(_value(vmstat, "oom_kill "))


def _value(file: Path, beginning: str, separator: str = " ") -> str:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return ""
    line = next((line for line in lines if line.startswith(beginning)), "")
    return line.partition(separator)[2].strip()


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
