from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_app.core.labelled import LONGEST, Labelled, clean
from metrics_app.core.metric import Metric, Unit
from metrics_app.core.plausible import plausible

LOAD = Metric("host", "load_1", "count")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0, 1e308, "", "5", True, 1j])
def test_what_no_count_can_be_is_refused(value: object) -> None:
    assert not plausible(LOAD, value)


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [
        ("ratio", 1.0, True),
        ("ratio", 1.01, False),
        ("celsius", -20.0, True),
        ("celsius", -300.0, False),
        ("bytes", 2 << 40, True),
        ("bytes", -1, False),
        ("watts", 450.5, True),
    ],
)
def test_each_unit_has_its_range(unit: Unit, value: float, expected: bool) -> None:
    assert plausible(Metric("host", "x", unit), value) is expected


def test_a_process_may_use_more_than_one_core_and_the_machine_not_more_than_all() -> None:
    assert plausible(Metric("engine.7", "cpu_ratio", "ratio"), 7.5)
    assert not plausible(Metric("host", "cpu_ratio", "ratio"), 7.5)
    assert not plausible(Metric("engine.7", "cpu_ratio", "ratio"), math.nan)


ANYTHING: st.SearchStrategy[Any] = st.one_of(st.floats(), st.integers(), st.text(), st.none())


@given(ANYTHING)
def test_what_is_accepted_is_a_finite_number(value: object) -> None:
    if plausible(LOAD, value):
        assert isinstance(value, int | float)
        assert math.isfinite(value)


def test_a_metric_is_made_once_for_each_label() -> None:
    labelled = Labelled("host", "disk_used_bytes", "bytes")
    assert labelled["/"] is labelled["/"]
    assert labelled["/"].key == "host/disk_used_bytes//"
    assert labelled["/"] == Metric("host", "disk_used_bytes", "bytes", "/")


@given(st.text())
def test_a_label_is_short_text_that_can_be_shown(label: str) -> None:
    cleaned = clean(label)
    assert 0 < len(cleaned) <= LONGEST
    assert cleaned.isprintable()


def test_a_name_that_is_no_text_does_not_break_anything() -> None:
    assert clean("/mnt/\udcff\n").startswith("/mnt/\ufffd\ufffd~")


@pytest.mark.parametrize(
    ("one", "other"),
    [("/mnt/\udcff", "/mnt/\udcfe"), (f"/{'x' * 90}/1", f"/{'x' * 90}/2"), ("", "\n")],
)
def test_names_that_look_the_same_stay_apart(one: str, other: str) -> None:
    assert clean(one) != clean(other)
