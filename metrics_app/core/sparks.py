"""Figures as the `d` of an SVG path. A gap in the figures is a gap in the line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

Values = Sequence[float | None]


def highest(series: Iterable[Values]) -> float:
    """Of all that is known; 0 where nothing is."""
    known = (value for values in series for value in values if value is not None)
    return max((value for value in known if math.isfinite(value)), default=0.0)


def path(values: Values, high: float, width: float, top: float, bottom: float) -> str:
    """From 0 at `bottom` to `high` at `top`, the first figure at 0 and the last at `width`."""
    step = width / max(1, len(values) - 1)
    parts: list[str] = []
    pen_is_down = False
    for at, value in enumerate(values):
        if value is None or not math.isfinite(value):
            pen_is_down = False
            continue
        ratio = min(max(value, 0.0), high) / high if high > 0 else 0.0
        y = bottom - ratio * (bottom - top)
        parts.append(f"{'' if pen_is_down else 'M'}{at * step:.1f} {y:.1f}")
        pen_is_down = True
    return _with_lone_points(parts)


def _with_lone_points(parts: list[str]) -> str:
    """A point between two gaps has no length: it gets a little, to be seen."""
    out = []
    for at, part in enumerate(parts):
        out.append(part)
        is_last = at + 1 == len(parts)
        if part.startswith("M") and (is_last or parts[at + 1].startswith("M")):
            out.append("h.4")
    return " ".join(out)
