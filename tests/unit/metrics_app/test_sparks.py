from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from metrics_app.core.sparks import highest, path


def drawn(*values: float | None, high: float = 10) -> str:
    return path(values, high, 100, 3, 28)


def test_zero_is_at_the_bottom_and_the_highest_at_the_top() -> None:
    assert drawn(0, 10) == "M0.0 28.0 100.0 3.0"


def test_a_gap_breaks_the_line() -> None:
    assert drawn(0, 0, None, 10, 10) == "M0.0 28.0 25.0 28.0 M75.0 3.0 100.0 3.0"


def test_a_figure_between_gaps_is_still_seen() -> None:
    assert drawn(None, 10, None) == "M50.0 3.0 h.4"


def test_nothing_known_is_no_line() -> None:
    assert drawn(None, None) == ""


def test_figures_that_are_all_zero_lie_at_the_bottom() -> None:
    assert drawn(0, 0, high=0) == "M0.0 28.0 100.0 28.0"


def test_the_highest_of_several_series_ignores_what_is_no_number() -> None:
    assert highest([[1, None, math.inf], [math.nan, 4]]) == 4
    assert highest([[None]]) == 0


@given(st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True), max_size=80))
def test_no_figure_whatever_leaves_the_drawing(values: list[float | None]) -> None:
    pen = path(values, highest([values]), 100, 3, 28).replace("M", "").replace("h.4", "").split()
    assert all(0 <= float(x) <= 100 for x in pen[::2])
    assert all(3 <= float(y) <= 28 for y in pen[1::2])
