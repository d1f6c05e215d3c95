"""A chart as its page shows it: lines to draw, and the table below them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString

from llamadash.formats import UNKNOWN, in_unit
from metrics_app.charts import Chart, Drawing, DrawnLine
from metrics_app.core.sparks import highest, path
from metrics_app.pages.addresses import State
from metrics_app.pages.asking import Figures
from metrics_app.pages.ranges import Range
from metrics_app.pages.zones import clock
from metrics_app.query import Columns

PARTS: Final = ("now", "min", "avg", "max", "p95")
HEIGHT: Final = 100.0


@dataclass(frozen=True, slots=True)
class Cell:
    part: str
    text: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    key: str
    words: str
    style: str
    cells: tuple[Cell, ...]
    d: str  # of its line


@dataclass(frozen=True, slots=True)
class Plot:
    chart: Chart
    rows: tuple[Row, ...]
    source_url: str  # where the browser reads the figures
    table_url: str
    is_empty: bool


def plot(drawing: Drawing, figures: Figures, state: State) -> Plot:
    known = [(line, figures.series[line.metric.key]) for line in drawing.lines]
    top = drawing.chart.maximum or highest(columns.max for _, columns in known)
    rows = tuple(_row(drawing.chart, line, columns, top) for line, columns in known)
    is_empty = all(value is None for _, columns in known for value in columns.avg)
    source_url, table_url = _source_url(drawing, state.asked), _table_url(drawing, state)
    return Plot(drawing.chart, rows, source_url, table_url, is_empty)


def _row(chart: Chart, line: DrawnLine, columns: Columns, top: float) -> Row:
    cells = tuple(_cell(chart, columns, part) for part in PARTS)
    d = path(columns.avg, top, HEIGHT, 0.0, HEIGHT)
    return Row(line.metric.key, line.words, line.style, cells, d)


def _cell(chart: Chart, columns: Columns, part: str) -> Cell:
    value = getattr(columns.summary, part)
    if value is not None:
        return Cell(part, in_unit(value, chart.unit))
    if part == "p95" and columns.summary.avg is not None:
        return Cell(part, UNKNOWN, "known only where the figures of each second are kept")
    return Cell(part, UNKNOWN, "no figure in this range")


def _source_url(drawing: Drawing, asked: Range) -> str:
    keys = [("series", line.metric.key) for line in drawing.lines]
    ends = [("start", f"{asked.start:.0f}"), ("end", f"{asked.end:.0f}")]
    return f"{reverse('api-1:metrics_query')}?{urlencode([*keys, *ends])}"


def _table_url(drawing: Drawing, state: State) -> str:
    return state.address(is_table=True, chart=drawing.chart.id)


@dataclass(frozen=True, slots=True)
class TableRow:
    at: SafeString
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A chart's averages as text, newest first."""

    chart: Chart
    heads: tuple[str, ...]
    rows: tuple[TableRow, ...]
    table_url: str  # of this chart alone, in finer steps


def table(drawing: Drawing, figures: Figures, state: State) -> Table:
    heads = tuple(line.words for line in drawing.lines)
    rows = tuple(_table_rows(drawing, figures))
    return Table(drawing.chart, heads, rows, _table_url(drawing, state))


def _table_rows(drawing: Drawing, figures: Figures) -> Iterator[TableRow]:
    """Steps without any figure are left out: they say nothing."""
    columns = [figures.series[line.metric.key].avg for line in drawing.lines]
    for at in reversed(range(figures.n_steps)):
        values = [column[at] for column in columns]
        if any(value is not None for value in values):
            when = clock(figures.start + at * figures.step, with_seconds=figures.step < 60)
            yield TableRow(when, tuple(in_unit(value, drawing.chart.unit) for value in values))
