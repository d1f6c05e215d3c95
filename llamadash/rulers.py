"""Rulers of bytes: where on a drawing things stand, in percent, and its ticks with their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GIB: Final = 1 << 30
MIB: Final = 1 << 20
STEPS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
MOST_LABELS: Final = 8


def percent(part_bytes: float, whole_bytes: float) -> str:
    """`22.292`, at most 100; enough digits for a screen 10,000 pixels wide."""
    if whole_bytes <= 0:
        return "0"
    return f"{min(1.0, max(0.0, part_bytes / whole_bytes)) * 100:.3f}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Tick:
    x: str
    label: str = ""
    anchor: str = "mid"  # the class of its text: "", mid, end


def byte_ticks(end_bytes: int) -> list[Tick]:
    """A label at every whole step and three short ticks between two labels."""
    unit, words = (GIB, "GiB") if end_bytes >= 4 * GIB else (MIB, "MiB")
    step = next((s for s in STEPS if end_bytes / (s * unit) <= MOST_LABELS), STEPS[-1])
    ticks = []
    n_quarters = int(end_bytes * 4 / (step * unit))
    for quarter in range(min(n_quarters, 4 * MOST_LABELS) + 1):
        at = quarter * step * unit / 4
        label = f"{quarter // 4 * step:,}" if quarter % 4 == 0 else ""
        ticks.append(Tick(percent(at, end_bytes), label, "" if quarter == 0 else "mid"))
    last = max((i for i, tick in enumerate(ticks) if tick.label), default=0)
    if last:
        near_end = float(ticks[last].x) > 94
        label = f"{ticks[last].label} {words}"
        ticks[last] = Tick(ticks[last].x, label, "end" if near_end else "mid")
    return ticks
