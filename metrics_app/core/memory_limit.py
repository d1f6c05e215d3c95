"""The memory limit of this process's control group (a container, a systemd unit), version 2.

Inside one, the machine's figures promise memory that the kernel will not give.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

CGROUPS: Final = Path("/sys/fs/cgroup")
OWN_CGROUP: Final = Path("/proc/self/cgroup")


class MemoryLimit(NamedTuple):
    limit_bytes: int
    free_bytes: int


def read_limit(cgroups: Path = CGROUPS, own_cgroup: Path = OWN_CGROUP) -> MemoryLimit | None:
    """The tightest limit of the group and its parents; None when there is none."""
    group = cgroups / _own_path(own_cgroup)
    levels = [group, *group.parents]
    inside = levels[: levels.index(cgroups) + 1] if cgroups in levels else []
    limits = [limit for level in inside if (limit := _limit(level))]
    if not limits:
        return None
    return MemoryLimit(min(limit for limit, _ in limits), min(free for _, free in limits))


def _own_path(own_cgroup: Path) -> str:
    for line in _text(own_cgroup).splitlines():
        if line.startswith("0::/"):
            return line.removeprefix("0::/")
    return ""


def _limit(group: Path) -> MemoryLimit | None:
    limit, used = _text(group / "memory.max"), _text(group / "memory.current")
    if not (limit.isdigit() and used.isdigit()):  # "max", or the root group, which has no file
        return None
    free = int(limit) - int(used) + _droppable_bytes(group)
    return MemoryLimit(int(limit), min(max(free, 0), int(limit)))


def _droppable_bytes(group: Path) -> int:
    """Cached file pages count as used, but the kernel takes them back when it needs them."""
    fields = dict(line.split(" ", 1) for line in _text(group / "memory.stat").splitlines())
    return sum(int(fields.get(name, 0)) for name in ("inactive_file", "active_file"))


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
