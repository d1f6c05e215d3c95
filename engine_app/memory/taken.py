"""What the processes of engines have at this moment.

RAM has two kinds. Anonymous, shared and locked pages are the engine's own: the system counts them
as used. Pages of mapped files, the weights, are counted as available by the kernel (MemAvailable,
and a control group's active and inactive file pages): it can drop them at any time. But an engine
whose weights were dropped reads them from the disk again for every token. So they are no room for
others: the ledger counts them as spoken for though they are seen free. Two engines that map the
same file share its pages; they are counted twice, which errs on the safe side.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from metrics_app.devices import gpu_processes

PROC: Final = Path("/proc")
_KIB: Final = 1 << 10


@dataclass(slots=True)
class Taken:
    """Bytes of one engine: its process and what that has started."""

    own_bytes: int = 0
    file_bytes: int = 0
    # By key; None where the driver says that it is there and not how much it takes.
    gpus: dict[str, int | None] = field(default_factory=dict)

    @property
    def ram_bytes(self) -> int:
        return self.own_bytes + self.file_bytes


def taken(leaders: Collection[int]) -> dict[int, Taken]:
    """By the pid of each engine's first process, which leads its group. One that has ended is not
    there."""
    if not leaders:
        return {}
    groups = _groups(leaders)
    gpus = gpu_processes()
    return {leader: _of_group(pids, gpus) for leader, pids in groups.items()}


def _groups(leaders: Collection[int]) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for pid in psutil.pids():
        try:
            leader = os.getpgid(pid)
        except (ProcessLookupError, PermissionError):
            continue
        if leader in leaders:
            groups.setdefault(leader, []).append(pid)
    return groups


def _of_group(pids: Collection[int], gpus: Mapping[str, Mapping[int, int | None]]) -> Taken:
    found = Taken()
    for pid in pids:
        own, mapped = resident_parts(pid)
        found.own_bytes += own
        found.file_bytes += mapped
    for key, processes in gpus.items():
        sizes = [processes[pid] for pid in pids if pid in processes]
        known = [size for size in sizes if size is not None]
        if sizes:
            found.gpus[key] = sum(known) if len(known) == len(sizes) else None
    return found


def resident_parts(pid: int, proc: Path = PROC) -> tuple[int, int]:
    """Own and mapped bytes in RAM; 0 of both for one that is gone."""
    try:
        text = (proc / str(pid) / "status").read_text()
    except OSError:
        return _without_proc(pid) if not (proc / "self").exists() else (0, 0)
    sizes = dict(_sizes(text))
    mapped = sizes.get("RssFile", 0)
    locked = min(mapped, sizes.get("VmLck", 0))  # the kernel cannot drop these
    own = sizes.get("RssAnon", 0) + sizes.get("RssShmem", 0) + locked
    return own, mapped - locked


def _sizes(status: str) -> list[tuple[str, int]]:
    found = []
    for line in status.splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if len(words) == 2 and words[1] == "kB" and words[0].isdecimal():
            found.append((name, int(words[0]) * _KIB))
    return found


def _without_proc(pid: int) -> tuple[int, int]:
    """Systems that do not tell the kinds apart: all of it is its own."""
    try:
        return psutil.Process(pid).memory_info().rss, 0
    except psutil.Error:
        return 0, 0
