from __future__ import annotations

import math

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_app.core.rounding import DECIMALS, decimals, rounded


@pytest.mark.parametrize(
    ("unit", "value", "sent"),
    [
        ("ratio", 0.123456789, 0.1235),
        ("ratio", 1.0, 1),
        ("bytes", 17179869184.0, 17179869184),
        ("bytes_per_second", 1234.5678, 1235),
        ("celsius", 61.25001, 61.3),
        ("seconds", 0.00012345, 0.0001),
        ("count", 12.0, 12),
        ("count", 0.333333, 0.33),
        ("unheard of", 0.123456, 0.1235),
        ("ratio", None, None),
        ("ratio", math.nan, None),
        ("bytes", math.inf, None),
        ("bytes", 1e308, 1e308),
    ],
)
def test_a_figure_travels_with_the_digits_that_are_seen(
    unit: str, value: float | None, sent: float | None
) -> None:
    assert rounded([value], decimals([unit])) == [sent]


@given(st.sampled_from([*DECIMALS, "other"]), st.floats() | st.integers(-(2**70), 2**70))
def test_every_number_becomes_json(unit: str, value: float) -> None:
    orjson.dumps(rounded([value], decimals([unit])))
