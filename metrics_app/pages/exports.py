"""The figures of a range as a file. Bounded: 1,500 steps of the charts' series."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from llamadash.csv_cells import csv_cell
from metrics_app.pages.asking import Figures

COLUMNS: Final = ("avg", "min", "max")


def as_csv(figures: Figures) -> bytes:
    """A line for each step, three columns for each series."""
    out = io.StringIO()
    writer = csv.writer(out)
    keys = list(figures.series)
    heads = [f"{key} {column}" for key in keys for column in COLUMNS]
    writer.writerow(["time", *map(csv_cell, heads)])
    series = [getattr(figures.series[key], column) for key in keys for column in COLUMNS]
    for at, values in enumerate(zip(*series, strict=True)):
        moment = datetime.fromtimestamp(figures.start + at * figures.step, UTC)
        writer.writerow([moment.isoformat(), *map(csv_cell, values)])
    return out.getvalue().encode("utf-8", "replace")


def as_json(figures: Figures) -> bytes:
    """The shape of the API's answer."""
    series = {
        key: {column: getattr(columns, column) for column in COLUMNS}
        for key, columns in figures.series.items()
    }
    body: dict[str, Any] = {"start": figures.start, "step": figures.step, "tier": figures.tier}
    return orjson.dumps(body | {"series": series})


FORMATS: Final[dict[str, tuple[Callable[[Figures], bytes], str]]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "json": (as_json, "application/json"),
}


def export_name(chart: str, figures: Figures, form: str) -> str:
    start = datetime.fromtimestamp(figures.start, UTC)
    return f"{chart or 'figures'}-{start:%Y-%m-%dT%H%M}-{figures.step}s.{form}"
