"""The last five minutes of a figure, drawn small."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from metrics_app.core.sparks import highest, path
from metrics_app.query import QueryError, query

SECONDS: Final = 300
POINTS: Final = 61  # five seconds each: the first and the last are cut
WIDTH, TOP, BOTTOM = 100.0, 3.0, 28.0


@dataclass(frozen=True, slots=True)
class Spark:
    key: str
    d: str
    values: str  # for the browser, which draws on from here; nothing between commas is a gap
    end_at: int
    seconds: int = SECONDS

    @property
    def topic(self) -> str:
        return self.key.partition("/")[0]


def sparks(keys: Collection[str], now: float | None = None) -> dict[str, Spark]:
    """One question for all of them. Nothing where there are no figures to draw."""
    if not keys:
        return {}
    end = time.time() if now is None else now
    try:
        answer = query(list(keys), end - SECONDS, end, points=POINTS, now=end)
    except QueryError:  # a series that went between two questions: the page comes without lines
        return {}
    found = {}
    for key, columns in answer.series.items():
        if any(value is not None for value in columns.avg):
            end_at = answer.start + answer.step * len(columns.avg)
            found[key] = _spark(key, columns.avg, end_at)
    return found


def _spark(key: str, values: Sequence[float | None], end_at: int) -> Spark:
    d = path(values, highest([values]), WIDTH, TOP, BOTTOM)
    return Spark(key, d, ",".join("" if v is None else f"{v:.5g}" for v in values), end_at)
