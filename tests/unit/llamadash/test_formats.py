from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamadash import formats
from metrics_app.core.metric import Unit

VECTORS = json.loads(Path(__file__).with_name("format_vectors.json").read_text())
CASES = [(name, value, text) for name, pairs in VECTORS.items() for value, text in pairs]
FORMATTERS = [getattr(formats, name) for name in VECTORS]


@pytest.mark.parametrize(("name", "value", "text"), CASES)
def test_a_value_reads_as_the_shared_vectors_say(name: str, value: float | None, text: str) -> None:
    assert getattr(formats, name)(value) == text


@pytest.mark.parametrize("formatter", FORMATTERS)
@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_what_is_not_known_is_never_shown_as_a_number(
    formatter: Callable[[Any], str], value: float | None
) -> None:
    assert formatter(value) == "-"


@given(st.floats(min_value=0, max_value=2**60))
def test_a_size_never_has_five_digits_before_its_point(n_bytes: float) -> None:
    number = formats.size(n_bytes).split()[0]
    assert float(number.replace(",", "")) <= 1024


@given(st.floats(min_value=0, max_value=9.9e5))
def test_a_measured_time_keeps_its_size(value: float) -> None:
    number, unit = formats.seconds(value).split()
    shown = float(number.replace(",", "")) * (0.001 if unit == "ms" else 1)
    assert math.isclose(shown, value, rel_tol=0.06, abs_tol=0.000_051)


@pytest.mark.parametrize("unit", get_args(Unit))
def test_every_unit_of_a_metric_has_its_format(unit: str) -> None:
    assert unit in formats.BY_UNIT
    assert formats.in_unit(None, unit) == "-"


def test_a_value_is_written_as_its_unit_is() -> None:
    assert formats.in_unit(0.43, "ratio") == "43 %"
    assert formats.in_unit(12_897_484, "bytes_per_second") == "12.3 MiB/s"
