"""All engines together, under the topic of lists of engines: what charts of the machine show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from engine_app.figures.answers import FRESH_SECONDS, Answers
from engine_app.figures.told import ALWAYS
from engine_app.running.around import TOPIC
from metrics_app.core.clock import Tick
from metrics_app.core.metric import Metric


class Followed(Protocol):
    @property
    def answers(self) -> Answers: ...

    @property
    def rss_bytes(self) -> int | None: ...


class Totals:
    """Sums of what is known: an engine that is not ready has no part in them."""

    name: Final = "engines"
    topics: Final = (TOPIC,)
    seconds: Final = 1.0
    unwatched_seconds: Final = 1.0

    def __init__(self, followed: Mapping[int, Followed]) -> None:
        self._followed = followed
        self._told = {name: Metric(TOPIC, name, unit) for name, unit in ALWAYS.items()}
        self._rss = Metric(TOPIC, "rss_bytes", "bytes")

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        engines = tuple(self._followed.values())
        told = [each.answers.fresh(tick.monotonic, FRESH_SECONDS) for each in engines]
        figures = [each.figures for each in told if each is not None]
        values: dict[Metric, float | None] = {
            metric: _sum(each.get(name) for each in figures) for name, metric in self._told.items()
        }
        values[self._rss] = _sum(each.rss_bytes for each in engines)
        return values


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
