"""Charts of attached servers, a line for each model: as of engines, but for what only the machine
they run on could tell.

charts_of(server)               # the charts, whether there are figures for them or not
plots_of(server, state, now)    # those with figures of models in memory, as templates draw them
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from django.urls import reverse

from engine_app.attached.rows import IN_MEMORY
from engine_app.models import AttachedServer
from metrics_app import charts
from metrics_app.charts import Chart, Line, drawings
from metrics_app.core.labelled import clean
from metrics_app.core.metric import Unit
from metrics_app.pages.addresses import State
from metrics_app.pages.asking import PAGE_POINTS, ask
from metrics_app.pages.monitoring import keys_of
from metrics_app.pages.plots import Plot, plot
from metrics_app.query import known_series

MOST_LINES: Final = 8  # in a chart of the server's own page
_ID: Final = re.compile(r"attached-([1-9][0-9]{0,17})-([a-z]{1,20})", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Kind:
    id: str
    title: str
    name: str  # of the figure
    unit: Unit
    note: str = ""
    maximum: float | None = None


KINDS: Final = (
    _Kind("tokens", "Tokens generated", "tokens_per_second", "per_second"),
    _Kind(
        "prompts",
        "Prompt tokens",
        "prompt_tokens_per_second",
        "per_second",
        "prompts count when they are read",
    ),
    _Kind("requests", "Requests", "requests_processing", "count", "busy slots"),
    _Kind("waiting", "Waiting", "requests_deferred", "count", "requests without a slot"),
    _Kind("drafts", "Drafts accepted", "draft_acceptance_ratio", "ratio", maximum=1),
)


def register() -> None:
    """After the charts of engines, whose section they share."""
    charts.MAKERS.append(chart_of)


def charts_of(server: AttachedServer, name: str = "") -> Iterator[Chart]:
    for kind in KINDS:
        note = ", ".join(word for word in (name, kind.note) if word)
        lines = (Line(kind.name, each=True),)
        id = f"attached-{server.pk}-{kind.id}"
        yield Chart(id, kind.title, "engines", server.source, kind.unit, lines, kind.maximum, note)


def chart_of(id: str) -> Chart | None:
    """One of a server's by its id, as an address names it."""
    asked = _ID.fullmatch(id)
    if asked is None:
        return None
    server = AttachedServer.objects.filter(pk=int(asked[1])).first()
    if server is None:
        return None
    return next((chart for chart in charts_of(server, server.name) if chart.id == id), None)


def plots_of(server: AttachedServer, state: State, now: float) -> list[Plot]:
    """For `metrics_app/_plot.html`, together with `state` and `range_words`."""
    in_memory = server.models.filter(state__in=IN_MEMORY).order_by("model_id")
    labels = {clean(each) for each in in_memory.values_list("model_id", flat=True)[:MOST_LINES]}
    known = [metric for metric in known_series(server.source) if metric.label in labels]
    drawn = drawings(known, {}, charts_of(server))
    figures = ask(keys_of(drawn), state.asked, PAGE_POINTS, now)
    if figures is None:
        return []
    page = reverse("metrics_app:monitoring")
    plots = (plot(each, figures, state) for each in drawn)
    return [replace(each, table_url=f"{page}{each.table_url}") for each in plots]
