"""Charts of engines: of all together for the page of the machine, and of each for its own.

charts_of(engine)               # the charts, whether there are figures for them or not
plots_of(engine, state, now)    # those that have figures, as templates draw them
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from django.urls import reverse

from engine_app.models import Engine
from engine_app.running.around import TOPIC
from metrics_app import charts
from metrics_app.charts import Chart, Line, drawings
from metrics_app.core.metric import Unit
from metrics_app.pages.addresses import State
from metrics_app.pages.asking import PAGE_POINTS, ask
from metrics_app.pages.monitoring import gpu_names, keys_of
from metrics_app.pages.plots import Plot, plot
from metrics_app.query import known_series

_ID: Final = re.compile(r"engine-([1-9][0-9]{0,17})-([a-z-]{1,20})", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Kind:
    id: str
    title: str
    unit: Unit
    lines: tuple[Line, ...]
    maximum: float | None = None
    note: str = ""
    is_summed: bool = True  # also of all engines together


KINDS: Final = (
    _Kind(
        "tokens",
        "Tokens",
        "per_second",
        (Line("tokens_per_second", "generated"), Line("prompt_tokens_per_second", "prompt")),
        note="prompts count when they are read",
    ),
    _Kind(
        "requests",
        "Requests",
        "count",
        (Line("requests_processing", "busy slots"), Line("requests_deferred", "waiting")),
    ),
    _Kind(
        "memory",
        "Memory",
        "bytes",
        (Line("rss_bytes", "RAM"), Line("gpu_memory_bytes", each=True)),
    ),
    _Kind(
        "cpu",
        "CPU",
        "ratio",
        (Line("cpu_ratio", "busy"),),
        note="of one core",
        is_summed=False,
    ),
    _Kind(
        "drafts",
        "Drafts accepted",
        "ratio",
        (Line("draft_acceptance_ratio", "accepted"),),
        maximum=1,
        is_summed=False,
    ),
)


def register() -> None:
    """Declares them. Charts without figures are not shown: none before the first engine runs."""
    charts.section("engines", "Engines")
    for kind in KINDS:
        if kind.is_summed:
            lines = tuple(line for line in kind.lines if not line.each)
            charts.register(_chart(kind, f"engines-{kind.id}", TOPIC, lines, "all engines"))
    charts.MAKERS.append(chart_of)


def charts_of(engine: Engine) -> list[Chart]:
    return list(_charts(engine.pk, engine.source, ""))


def chart_of(id: str) -> Chart | None:
    """One of an engine's by its id, as an address names it."""
    asked = _ID.fullmatch(id)
    if asked is None:
        return None
    engine = Engine.objects.select_related("llama_model").filter(pk=int(asked[1])).first()
    if engine is None:
        return None
    made = _charts(engine.pk, engine.source, engine.alias)
    return next((chart for chart in made if chart.id == id), None)


def plots_of(engine: Engine, state: State, now: float) -> list[Plot]:
    """For `metrics_app/_plot.html`, together with `state` and `range_words`."""
    drawn = drawings(known_series(engine.source), gpu_names(), charts_of(engine))
    figures = ask(keys_of(drawn), state.asked, PAGE_POINTS, now)
    if figures is None:
        return []
    page = reverse("metrics_app:monitoring")
    plots = (plot(each, figures, state) for each in drawn)
    return [replace(each, table_url=f"{page}{each.table_url}") for each in plots]


def _charts(engine_id: int, source: str, name: str) -> Iterator[Chart]:
    for kind in KINDS:
        yield _chart(kind, f"engine-{engine_id}-{kind.id}", source, kind.lines, name)


def _chart(kind: _Kind, id: str, source: str, lines: tuple[Line, ...], whose: str) -> Chart:
    note = ", ".join(word for word in (whose, kind.note) if word)
    return Chart(id, kind.title, "engines", source, kind.unit, lines, kind.maximum, note)
