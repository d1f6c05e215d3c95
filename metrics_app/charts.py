"""Which charts there are. An app that has figures of its own registers charts for them at start.

section("host", "Host")
register(Chart("cpu", "CPU", "host", "host", "ratio", (Line("cpu_ratio", "busy"),), maximum=1))
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from metrics_app.core.metric import Metric, Unit

INKS: Final = ("i1", "i2")
HUES: Final = ("s1", "s2", "s3", "s4", "s5", "s6")


@dataclass(frozen=True, slots=True)
class Line:
    """The series of this name without a label, or each with one: a line for every disk or GPU."""

    name: str
    words: str = ""
    style: str = ""  # the class of its swatch; empty: ink where two are drawn, else a hue
    each: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    id: str
    title: str
    section: str
    source: str
    unit: Unit
    lines: tuple[Line, ...]
    maximum: float | None = None  # where the axis ends; None: where the figures do
    note: str = ""  # what the figures are of, behind the title


@dataclass(frozen=True, slots=True)
class DrawnLine:
    metric: Metric
    words: str
    style: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart with the series that this machine has for it."""

    chart: Chart
    lines: tuple[DrawnLine, ...]


SECTIONS: Final[dict[str, str]] = {}
CHARTS: Final[dict[str, Chart]] = {}
# Charts of one of many things, as of an engine, are made when they are asked for by their id.
Making = Callable[[str], Chart | None]
MAKERS: Final[list[Making]] = []


def section(id: str, title: str) -> None:
    SECTIONS[id] = title


def register(chart: Chart) -> Chart:
    if chart.id in CHARTS:
        raise ValueError(f"the chart {chart.id} is declared twice")
    if chart.section not in SECTIONS:
        raise ValueError(f"the chart {chart.id} is in no section: {chart.section}")
    CHARTS[chart.id] = chart
    return chart


def find(id: str) -> Chart | None:
    """A registered one, or one that somebody makes under this id."""
    made = (make(id) for make in MAKERS)
    return CHARTS.get(id) or next((chart for chart in made if chart is not None), None)


def drawings(
    known: Iterable[Metric], names: Mapping[str, str], charts: Iterable[Chart] | None = None
) -> list[Drawing]:
    """Those of `charts` that have a series, by section; without it, of all that are registered.
    `names` are the words for labels: "GPU 0"."""
    by_name: dict[tuple[str, str], list[Metric]] = {}
    for metric in known:
        by_name.setdefault((metric.source, metric.name), []).append(metric)
    places = list(SECTIONS)
    wanted = CHARTS.values() if charts is None else charts
    ordered = sorted(wanted, key=lambda chart: places.index(chart.section))
    drawn = (Drawing(chart, tuple(_lines(chart, by_name, names))) for chart in ordered)
    return [each for each in drawn if each.lines]


def _lines(
    chart: Chart, by_name: dict[tuple[str, str], list[Metric]], names: Mapping[str, str]
) -> list[DrawnLine]:
    found = []
    for line in chart.lines:
        metrics = by_name.get((chart.source, line.name), [])
        if line.each:
            found += _each(line, [metric for metric in metrics if metric.label], names)
        else:
            found += [DrawnLine(m, line.words, line.style) for m in metrics if not m.label]
    return styled(found)


def _each(line: Line, metrics: list[Metric], names: Mapping[str, str]) -> list[DrawnLine]:
    found = []
    for metric in metrics:
        name = names.get(metric.label, metric.label)
        found.append(DrawnLine(metric, f"{name}, {line.words}" if line.words else name, line.style))
    return sorted(found, key=lambda drawn: natural(drawn.words))


def natural(text: str) -> list[tuple[int, str]]:
    """Sorts "GPU 2" before "GPU 10"."""
    words = "".join(c if c.isdecimal() and c.isascii() else f" {c} " for c in text).split()
    return [(len(word), word) if word.isdecimal() else (0, word) for word in words]


def styled(lines: list[DrawnLine]) -> list[DrawnLine]:
    """Ink for up to two lines, as for all that is no model; more are told apart by hue."""
    if len(lines) <= len(INKS):
        return [
            line if line.style else DrawnLine(line.metric, line.words, ink)
            for line, ink in zip(lines, INKS, strict=False)
        ]
    taken: list[str] = []
    for line in lines:
        taken.append(line.style or hue(line.metric.key, taken))
    return [
        DrawnLine(line.metric, line.words, style) for line, style in zip(lines, taken, strict=True)
    ]


def hue(key: str, taken: Iterable[str]) -> str:
    """From a hash of the key: a series keeps its hue when another comes or goes. Where it is
    taken, the next free one; where all are, it is used again."""
    at = zlib.crc32(key.encode("utf-8", "replace")) % len(HUES)
    wanted = HUES[at:] + HUES[:at]
    used = set(taken)
    return next((each for each in wanted if each not in used), wanted[0])
