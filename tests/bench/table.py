from __future__ import annotations

from collections.abc import Sequence

from tests.bench.row import Row

_HEAD = ("what", "ours", "unit", "budget", "compared with", "theirs", "ratio", "", "note")
_RIGHT = frozenset({1, 5, 6})


def table(rows: Sequence[Row]) -> str:
    lines = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(cells, widths) for cells in lines)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        _figure(row.ours),
        row.unit,
        _budget(row),
        row.compared_with or "-",
        _figure(row.theirs),
        "-" if row.ratio is None else f"{_figure(row.ratio)}x",
        {True: "ok", False: "OVER", None: ""}[row.met],
        row.note,
    )


def _budget(row: Row) -> str:
    parts = []
    if row.budget is not None:
        parts.append(f"<= {_figure(row.budget)}")
    if row.ratio_budget is not None:
        parts.append(f">= {_figure(row.ratio_budget)}x")
    return ", ".join(parts) or "-"


def _figure(value: float | None) -> str:
    """Three figures tell what matters."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell.rjust(width) if column in _RIGHT else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(padded).rstrip()
