"""How busy the processor was between two readings of its time counters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple


class CpuTimes(NamedTuple):
    """Seconds since boot. Guests' time is not listed: the kernel counts it inside `user`."""

    user: float = 0.0
    nice: float = 0.0
    system: float = 0.0
    idle: float = 0.0
    iowait: float = 0.0
    irq: float = 0.0
    softirq: float = 0.0
    steal: float = 0.0


class CpuRatios(NamedTuple):
    """Shares of the time that passed, 0 to 1; `busy` is all but idle and iowait."""

    busy: float | None = None
    user: float | None = None
    system: float | None = None
    iowait: float | None = None
    steal: float | None = None


UNKNOWN: Final = CpuRatios()
_IDLE, _IOWAIT = 3, 4


class CpuUse:
    """Keeps the last reading. The first one tells nothing: an average since boot is no figure."""

    def __init__(self) -> None:
        self._last: Sequence[CpuTimes] = ()

    def update(self, cores: Sequence[CpuTimes]) -> tuple[CpuRatios, list[float | None]]:
        """The whole processor, then each core's busy share."""
        last, self._last = self._last, cores
        if len(last) != len(cores):
            # A core came or went: which counter is whose is not known until the next reading.
            return UNKNOWN, [None] * len(cores)
        passed = [_passed(before, now) for before, now in zip(last, cores, strict=True)]
        known = [times for times in passed if times]
        whole = [sum(column) for column in zip(*known, strict=True)]
        return _ratios(whole), [_busy(times) for times in passed]


def _passed(before: CpuTimes, now: CpuTimes) -> list[float] | None:
    """Seconds by kind; None when a counter went back, which is a reset."""
    passed = [after - former for former, after in zip(before, now, strict=True)]
    for kind in (_IDLE, _IOWAIT):  # these two may shrink a little: proc_stat(5)
        passed[kind] = max(passed[kind], 0.0)
    return passed if min(passed) >= 0 else None


def _busy(passed: Sequence[float] | None) -> float | None:
    total = sum(passed) if passed else 0.0
    if not passed or total <= 0:
        return None
    return _share(total - passed[_IDLE] - passed[_IOWAIT], total)


def _ratios(passed: Sequence[float]) -> CpuRatios:
    total = sum(passed)
    if not passed or total <= 0:
        return UNKNOWN
    user, nice, system, _, iowait, irq, softirq, steal = passed
    parts = (user + nice, system + irq + softirq, iowait, steal)
    return CpuRatios(_busy(passed), *(_share(part, total) for part in parts))


def _share(part: float, total: float) -> float:
    return min(max(part / total, 0.0), 1.0)  # sums of floats miss the ends by a last bit
