"""The table of named operations, in the order that its reader asked for."""

from __future__ import annotations

from typing import Final

from llamadash import perf

# Key in the address, head of the column, its classes.
COLUMNS: Final = (
    ("name", "Operation", ""),
    ("count", "Calls", "num"),
    ("errors", "Errors", "num p2"),
    ("slow", "Slow", "num p2"),
    ("p50", "p50", "num p2"),
    ("p95", "p95", "num"),
    ("p99", "p99", "num p3"),
    ("max", "Max", "num p2"),
    ("total", "In all", "num p3"),
)
IN_SECONDS: Final = ("p50", "p95", "p99", "max", "total")
DEFAULT: Final = "-total"


def ordered(sort: str) -> tuple[str, list[perf.Summary]]:
    """The summaries and the order they really are in; an unknown order is the default one."""
    if sort.removeprefix("-") not in [key for key, _, _ in COLUMNS]:
        sort = DEFAULT
    key = sort.removeprefix("-")
    field = f"{key}_seconds" if key in IN_SECONDS else key
    summaries = perf.monitor.summaries()
    summaries.sort(key=lambda summary: getattr(summary, field), reverse=sort.startswith("-"))
    return sort, summaries
