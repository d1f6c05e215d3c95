"""What `/metrics` tells of engines. Nothing is asked for it: what was told lately is repeated."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from engine_app.attached import exposition as attached
from engine_app.core.states import READY
from engine_app.figures.answers import answers
from engine_app.models import Engine
from metrics_app.core.exposition import Family
from metrics_app.core.metric import Metric
from metrics_app.hour import hour
from metrics_app.query import known_series, latest

FRESH_SECONDS: Final = 30.0
_PREFIX: Final = "engine."


class Labels(NamedTuple):
    engine: str
    model: str


def families() -> Iterator[Family]:
    engines = {engine.pk: engine for engine in Engine.objects.select_related("llama_model")}
    labels = {pk: Labels(str(pk), engine.alias) for pk, engine in engines.items()}
    yield from _states(engines, labels)
    yield from _ours(labels)
    yield from attached.families()
    yield from _theirs(labels)


def _states(engines: dict[int, Engine], labels: dict[int, Labels]) -> Iterator[Family]:
    ready = Family("llamadash_engine_ready", "gauge", "1 while the engine answers requests.")
    restarts = Family("llamadash_engine_restarts_total", "counter", "Starts after a failure.")
    for pk, engine in engines.items():
        ready.add(engine.state == READY, **labels[pk]._asdict())
        restarts.add(engine.n_restarts, **labels[pk]._asdict())
    yield from (ready, restarts)


def _ours(labels: dict[int, Labels]) -> Iterator[Family]:
    """As charts show it; a figure that nobody knows now leaves its line out."""
    values = latest().values
    found: dict[str, Family] = {}
    for metric in hour.metrics() or known_series():
        value, known = values.get(metric.key), labels.get(_engine_of(metric))
        if value is None or known is None:
            continue
        name = f"llamadash_engine_{metric.name}"
        words = metric.name.replace("_", " ").capitalize()
        family = found.setdefault(name, Family(name, "gauge", f"{words}; unit: {metric.unit}."))
        gpu = {"gpu": metric.label} if metric.label else {}
        family.add(value, **known._asdict(), **gpu)
    yield from found.values()


def _engine_of(metric: Metric) -> int:
    """0 for what is no engine's."""
    number = metric.source.removeprefix(_PREFIX)
    is_engine = metric.source.startswith(_PREFIX) and number.isdecimal() and number.isascii()
    return int(number) if is_engine else 0


def _theirs(labels: dict[int, Labels]) -> Iterator[Family]:
    """Under llama.cpp's own names. Its words about them are not repeated: of several builds each
    has its own, and Prometheus wants one."""
    now = time.monotonic()
    found: dict[str, Family] = {}
    for pk, each in sorted(answers.copy().items()):
        told = each.fresh(now, FRESH_SECONDS)
        if told is None or pk not in labels:
            continue
        for name, value in told.metrics.items():
            found.setdefault(name, _their_family(name)).add(value, **labels[pk]._asdict())
    for server, metrics in attached.theirs(FRESH_SECONDS):
        for name, value in metrics.items():
            found.setdefault(name, _their_family(name)).add(value, **server)
    yield from found.values()


def _their_family(name: str) -> Family:
    kind: Literal["counter", "gauge"] = "counter" if name.endswith("_total") else "gauge"
    return Family(name, kind, "As llama.cpp tells it.")
