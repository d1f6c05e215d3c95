"""Charts of what was measured, and the same as tables and files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from llamadash import perf
from metrics_app import charts
from metrics_app.charts import Drawing, drawings
from metrics_app.devices import read_devices
from metrics_app.pages import asking, exports
from metrics_app.pages.addresses import State, range_choices, zone_choices
from metrics_app.pages.asking import Figures, ask
from metrics_app.pages.cores import cores
from metrics_app.pages.plots import plot, table
from metrics_app.pages.range_form import fields_as_typed, fields_of
from metrics_app.pages.ranges import DEFAULT, RANGES, RangeError, read, relative, step_words
from metrics_app.pages.zones import clock, read_zone
from metrics_app.query import QueryError, known_series, latest

SHORT_SECONDS: Final = 600  # a range in which the seconds of its ends matter


@require_safe
def monitoring(request: HttpRequest) -> HttpResponse:
    now = time.time()
    try:
        state = read_state(request, now)
        with perf.timed("metrics.page"):
            return render(request, "metrics_app/monitoring.html", shown(state, now))
    except (RangeError, QueryError) as error:
        return render(request, "metrics_app/monitoring.html", refused(request, error), status=422)


def read_state(request: HttpRequest, now: float) -> State:
    chart = request.GET.get("chart", "")
    if chart and charts.find(chart) is None:
        raise Http404("There is no such chart.")
    is_table = request.GET.get("view") == "table"
    return State(read(request.GET.dict(), now), read_zone(request.GET), is_table, chart)


def shown(state: State, now: float) -> dict[str, Any]:
    found = drawings_of(state)
    points = asking.PAGE_POINTS
    if state.is_table:
        points = asking.CHART_TABLE_POINTS if state.chart else asking.TABLE_POINTS
    figures = ask(keys_of(found), state.asked, points, now)
    with_seconds = state.asked.seconds < SHORT_SECONDS
    return head(state, now) | {
        "sections": sections(found, figures, state) if figures else [],
        "step": step_words(figures.step) if figures else "",
        "from": clock(state.asked.start, with_seconds=with_seconds),
        "to": clock(state.asked.end, with_seconds=with_seconds),
        "fields": fields_of(state.asked),
        "cores": cores(latest().values) if shows_cores(state) else [],
        "export": state.address(is_table=False),
    }


def shows_cores(state: State) -> bool:
    """They are as of now, and have no history to be shown in a table or a range of the past."""
    return state.asked.follows and not state.is_table and not state.chart


def head(state: State, now: float) -> dict[str, Any]:
    return {
        "state": state,
        "range_words": range_words(state, now),
        "ranges": range_choices(state),
        "zones": zone_choices(state),
        "as_charts": state.address(is_table=False),
        "as_table": state.address(is_table=True),
        "all_charts": state.address(chart=""),
    }


def range_words(state: State, now: float) -> str:
    if state.asked.follows:
        return f"last {RANGES[state.asked.key][1]}"
    return "a range that has not ended yet" if state.asked.end > now else "a range of the past"


def refused(request: HttpRequest, error: RangeError | QueryError) -> dict[str, Any]:
    """The page with its form and what was typed, but without charts."""
    problems = error.problems if isinstance(error, RangeError) else {"range": str(error)}
    now = time.time()
    state = State(relative(DEFAULT, now), read_zone(request.GET))
    fields = fields_as_typed(request.GET.dict(), problems)
    words = {"problems": problems, "fields": fields, "range_words": "no such range"}
    return head(state, now) | words


@dataclass(frozen=True, slots=True)
class Section:
    id: str
    title: str
    plots: Sequence[Any]  # of plots.Plot, or of plots.Table in the view as tables


def drawings_of(state: State) -> list[Drawing]:
    chosen = charts.find(state.chart) if state.chart else None
    return drawings(known_series(), gpu_names(), [chosen] if chosen else None)


def gpu_names() -> dict[str, str]:
    """ "GPU 0" for the key of each, in the order that all pages have."""
    gpus = [device for device in read_devices() if device.kind == "gpu"]
    return {gpu.key: f"GPU {n}" for n, gpu in enumerate(gpus)}


def keys_of(found: Sequence[Drawing]) -> list[str]:
    """Each once: two charts may show one series."""
    return list(dict.fromkeys(line.metric.key for each in found for line in each.lines))


def sections(found: Sequence[Drawing], figures: Figures, state: State) -> list[Section]:
    by_section: dict[str, list[Any]] = {}
    for each in found:
        made = (table if state.is_table else plot)(each, figures, state)
        by_section.setdefault(each.chart.section, []).append(made)
    return [Section(id, charts.SECTIONS[id], made) for id, made in by_section.items()]


@require_safe
def export(request: HttpRequest, form: str) -> HttpResponse:
    """What the page shows, in finer steps. A wrong range is refused: a file says nothing of it."""
    if form not in exports.FORMATS:
        raise Http404
    now = time.time()
    try:
        state = read_state(request, now)
        figures = ask(keys_of(drawings_of(state)), state.asked, asking.EXPORT_POINTS, now)
    except (RangeError, QueryError) as error:
        raise BadRequest(str(error)) from None
    if figures is None:
        raise Http404("There are no figures yet.")
    write, content_type = exports.FORMATS[form]
    response = HttpResponse(write(figures), content_type=content_type)
    name = exports.export_name(state.chart, figures, form)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
