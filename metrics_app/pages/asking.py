"""All series of a page at once, in as few questions as the query allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from metrics_app.pages.ranges import Range
from metrics_app.query import Columns, query

MOST_SERIES: Final = 64  # of one question
# One more than makes round steps: the first and the last are cut.
PAGE_POINTS: Final = 121
TABLE_POINTS: Final = 31
CHART_TABLE_POINTS: Final = 721
EXPORT_POINTS: Final = 1500


@dataclass(slots=True)
class Figures:
    """Answers over one range: all have its start and step."""

    start: int
    step: int
    tier: str
    series: dict[str, Columns] = field(default_factory=dict)

    @property
    def n_steps(self) -> int:
        return max((len(columns.avg) for columns in self.series.values()), default=0)


def ask(keys: Sequence[str], asked: Range, points: int, now: float) -> Figures | None:
    """None where there is no series to ask for."""
    found = None
    for at in range(0, len(keys), MOST_SERIES):
        answer = query(keys[at : at + MOST_SERIES], asked.start, asked.end, points, now)
        if found is None:
            found = Figures(answer.start, answer.step, answer.tier)
        found.series.update(answer.series)
    return found
