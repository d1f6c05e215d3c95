"""What a question for figures is answered with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

Column = list[float | None]


@dataclass(frozen=True, slots=True)
class Summary:
    """Of a series within the range asked for. `now` is its value at the end, unknown if it has
    fallen silent; `p95` is known where every second is.
    """

    now: float | None
    min: float | None
    avg: float | None
    max: float | None
    p95: float | None

    def as_json(self) -> dict[str, float | None]:
        return {
            "now": _finite(self.now),
            "min": _finite(self.min),
            "avg": _finite(self.avg),
            "max": _finite(self.max),
            "p95": _finite(self.p95),
        }


@dataclass(frozen=True, slots=True)
class Columns:
    """One value for each bucket; None where nothing was recorded."""

    avg: Column
    min: Column
    max: Column
    summary: Summary


@dataclass(frozen=True, slots=True)
class Answer:
    """`step` seconds a bucket, the first from `start` on, read from the tier of that name."""

    start: int
    step: int
    tier: str
    series: dict[str, Columns]

    def as_json(self) -> dict[str, Any]:
        """Columns of numbers and nulls. JSON has no NaN: what is not finite is unknown here."""
        return {
            "start": self.start,
            "step": self.step,
            "tier": self.tier,
            "series": {
                key: {
                    "avg": _finite_column(columns.avg),
                    "min": _finite_column(columns.min),
                    "max": _finite_column(columns.max),
                }
                for key, columns in self.series.items()
            },
            "summary": {key: columns.summary.as_json() for key, columns in self.series.items()},
        }


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest value of every series, as of `at`; None when there is none of the last minute."""

    at: float | None
    values: dict[str, float | None]

    def as_json(self) -> dict[str, Any]:
        return {"at": self.at, "values": {key: _finite(v) for key, v in self.values.items()}}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _finite_column(column: Column) -> Column:
    # One pass for all: a page of thirty series has 60,000 values. Their sum is finite if they are.
    if math.isfinite(sum(filter(None, column))):
        return column
    return [value if value is None or math.isfinite(value) else None for value in column]
