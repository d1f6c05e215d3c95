from __future__ import annotations

import pytest

from tests.bench.measuring import paired, percentile
from tests.bench.row import Row
from tests.bench.table import table


def test_the_ratio_says_how_many_times_better_ours_is() -> None:
    assert Row("x", 2.0, "ms", theirs=9.0).ratio == 4.5
    assert Row("x", 2.0, "ms").ratio is None
    assert Row("x", 0.0, "MB", theirs=9.0).ratio is None


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (Row("x", 2.0, "ms"), None),
        (Row("x", 2.0, "ms", budget=2.0), True),
        (Row("x", 2.1, "ms", budget=2.0), False),
        (Row("x", 1.0, "ms", theirs=500.0, ratio_budget=500), True),
        (Row("x", 1.0, "ms", theirs=499.0, ratio_budget=500), False),
        (Row("x", 1.0, "ms", budget=2.0, ratio_budget=500), False),
    ],
)
def test_a_budget_is_met_when_figure_and_ratio_keep_it(row: Row, met: bool | None) -> None:
    assert row.met is met
    assert row.as_json()["met"] is met


def test_the_table_shows_unknown_as_a_dash_and_a_broken_budget() -> None:
    head, line = table([Row("memory", 1234.5, "MB", budget=90, note="idle")]).splitlines()
    assert head.split()[:4] == ["what", "ours", "unit", "budget"]
    assert line.split() == ["memory", "1,234", "MB", "<=", "90", "-", "-", "-", "OVER", "idle"]


def test_the_two_ways_take_turns_and_change_who_begins() -> None:
    calls: list[str] = []
    paired(lambda: calls.append("o"), lambda: calls.append("t"), rounds=2, calls=2)
    assert "".join(calls) == "o" + "too" + "oot"


def test_a_percentile_lies_between_the_values() -> None:
    assert percentile([float(number) for number in range(101)], 99) == 99.0
