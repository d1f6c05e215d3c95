"""What an engine tells of itself, as a source of figures; it is asked elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine_app.figures.answers import FRESH_SECONDS, Answers
from engine_app.running.around import TOPIC
from metrics_app.core.clock import Tick
from metrics_app.core.metric import Metric, Unit

ALWAYS: Final[Mapping[str, Unit]] = {
    "tokens_per_second": "per_second",
    "prompt_tokens_per_second": "per_second",
    "requests_processing": "count",
    "requests_deferred": "count",
}
SOMETIMES: Final[Mapping[str, Unit]] = {
    "kv_cache_ratio": "ratio",
    "draft_acceptance_ratio": "ratio",
}


class ToldFigures:
    """Unknown while it is not ready, sleeps, or did not answer lately."""

    seconds = unwatched_seconds = 1.0

    def __init__(self, topic: str, answers: Answers) -> None:
        self.name = f"{topic} figures"
        self.topics = (topic, TOPIC)
        self._answers = answers
        self._always = {name: Metric(topic, name, unit) for name, unit in ALWAYS.items()}
        self._sometimes = {name: Metric(topic, name, unit) for name, unit in SOMETIMES.items()}
        self._busy = Metric(topic, "slots_busy", "count")
        self._slots = Metric(topic, "slots_total", "count", kept=False)

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        told = self._answers.fresh(tick.monotonic, FRESH_SECONDS)
        figures = {} if told is None else told.figures
        values = {metric: figures.get(name) for name, metric in self._always.items()}
        for name, metric in self._sometimes.items():
            if name in figures:
                values[metric] = figures[name]
        values[self._busy] = self._answers.slots_busy(tick.monotonic)
        values[self._slots] = self._answers.n_slots
        return values
