"""What the disks do. How full file systems are: file_systems.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import psutil

from metrics_app.core.clock import Tick
from metrics_app.core.labelled import Labelled
from metrics_app.core.metric import Metric
from metrics_app.core.rates import Rates

BLOCK_DEVICES: Final = Path("/sys/block")

_READ: Final = Metric("host", "disk_read_bytes_per_second", "bytes_per_second")
_WRITTEN: Final = Metric("host", "disk_write_bytes_per_second", "bytes_per_second")
_NO_DISKS: Final = ("loop", "ram", "zram", "sr", "fd")
_LOOK_SECONDS: Final = 60.0
_MOST: Final = 64


class Disks:
    """Physical ones, each and in sum: what is built of them (dm, md) would count twice."""

    name = "disks"
    topics = ("host",)
    seconds = unwatched_seconds = 1.0

    def __init__(self, block_devices: Path = BLOCK_DEVICES) -> None:
        self._block_devices = block_devices
        self._known: frozenset[str] = frozenset()
        self._look_at = 0.0
        self._rates: Rates[Metric] = Rates()
        self._read = Labelled("host", _READ.name, _READ.unit)
        self._written = Labelled("host", _WRITTEN.name, _WRITTEN.unit)
        self._busy = Labelled("host", "disk_busy_ratio", "ratio")

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        counters: dict[Metric, float] = {}
        busy: list[Metric] = []
        for name, disk in self._counters(tick).items():
            counters[self._read[name]] = disk.read_bytes
            counters[self._written[name]] = disk.write_bytes
            if hasattr(disk, "busy_time"):  # Linux and FreeBSD tell it, in milliseconds
                busy.append(self._busy[name])
                counters[busy[-1]] = disk.busy_time / 1000
        values = self._rates.update(counters, tick.monotonic)
        for metric in busy:
            values[metric] = _at_most_one(values[metric])
        values[_READ] = total(values, self._read.values())
        values[_WRITTEN] = total(values, self._written.values())
        return values

    def _counters(self, tick: Tick) -> Mapping[str, psutil._ntuples.sdiskio]:
        # nowrap would keep counters of its own; a counter that wraps is unknown for a second here.
        found = psutil.disk_io_counters(perdisk=True, nowrap=False)
        if not self._known or tick.monotonic >= self._look_at:
            self._known = physical_disks(frozenset(found), self._block_devices)
            self._look_at = tick.monotonic + _LOOK_SECONDS
        return {name: disk for name, disk in found.items() if name in self._known}


def physical_disks(names: frozenset[str], block_devices: Path = BLOCK_DEVICES) -> frozenset[str]:
    """Without partitions, which sysfs lists inside of their disk. Outside of Linux: all."""
    if not block_devices.is_dir():
        return names
    return frozenset(
        sorted(name for name in names if _is_physical(name, block_devices / name))[:_MOST]
    )


def _is_physical(name: str, device: Path) -> bool:
    if name.rstrip("0123456789") in _NO_DISKS or not device.is_dir():
        return False
    parts = device / "slaves"
    return not (parts.is_dir() and any(parts.iterdir()))


def total(values: Mapping[Metric, float | None], parts: Iterable[Metric]) -> float | None:
    """Of those that are known; unknown when none is."""
    known = [value for metric in parts if (value := values.get(metric)) is not None]
    return sum(known) if known else None


def _at_most_one(ratio: float | None) -> float | None:
    return None if ratio is None else min(ratio, 1.0)  # a request's time counts when it ends
