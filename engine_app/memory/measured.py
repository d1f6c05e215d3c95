"""Rows of what starts have taken."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.utils import timezone

from engine_app.models.memory import MOST_ROWS, MeasuredMemory, MemorySource

MEASURED: Final = "measured"
RAISED: Final = "out of memory"
# Each failure asks for so much more, up to so much: another program may have made it fail.
MORE: Final = 1.15
MOST_TIMES: Final = 1.5


@dataclass(frozen=True, slots=True)
class Start:
    """What decides how much memory a start takes."""

    files_hash: str
    options_hash: str
    build: str
    device_set: str


@dataclass(frozen=True, slots=True)
class Known:
    source: str
    by_device: Mapping[str, int]


def known(start: Start) -> Known | None:
    row = MeasuredMemory.objects.filter(**asdict(start)).first()
    if row is None:
        return None
    by_device = {str(key): size for key, size in row.by_device.items() if _is_size(size)}
    source = RAISED if row.source == MemorySource.OUT_OF_MEMORY else MEASURED
    return Known(source, by_device) if by_device else None


def _is_size(value: Any) -> bool:
    return type(value) is int and value >= 0


def keep(start: Start, by_device: Mapping[str, int], source: MemorySource) -> None:
    MeasuredMemory.objects.update_or_create(
        **asdict(start),
        defaults={
            "by_device": dict(by_device),
            "source": source,
            "measured_at": timezone.now(),
        },
    )
    newest = MeasuredMemory.objects.order_by("-measured_at", "-id")
    oldest_kept = newest.values_list("measured_at", flat=True)[MOST_ROWS - 1 : MOST_ROWS].first()
    if oldest_kept is not None:
        MeasuredMemory.objects.filter(measured_at__lt=oldest_kept).delete()


def larger(
    needed: Mapping[str, int], base: Mapping[str, int], gpu: str | None, tried_bytes: int | None
) -> dict[str, int]:
    """For the next try of what ran out of memory with `needed`; `base` is what it was said to need
    before any failure. `tried_bytes` is the piece it could not get."""
    raised = {}
    for key, size in needed.items():
        most = math.ceil(max(base.get(key, size), 1) * MOST_TIMES)
        raised[key] = max(size, min(math.ceil(size * MORE), most))
    if tried_bytes is not None:
        short = gpu if gpu in raised else next(iter(raised), None)
        if short is not None:
            raised[short] = max(raised[short], tried_bytes)
    return raised
