from __future__ import annotations

from collections.abc import Iterable

import pytest

from metrics_app import own_charts
from metrics_app.charts import CHARTS, HUES, Chart, Drawing, drawings, hue, register
from metrics_app.core.metric import Metric

assert own_charts  # declares what is tested here


def temperature(label: str) -> Metric:
    return Metric("host", "temperature_celsius", "celsius", label)


def busy(key: str) -> Metric:
    return Metric("gpu", "busy_ratio", "ratio", key)


def drawing(id: str, known: Iterable[Metric], **names: str) -> Drawing:
    return next(each for each in drawings(known, names) if each.chart.id == id)


def words(drawn: Drawing) -> list[str]:
    return [line.words for line in drawn.lines]


def test_a_chart_without_series_is_not_there() -> None:
    known = [Metric("host", "cpu_ratio", "ratio")]
    assert [each.chart.id for each in drawings(known, {})] == ["cpu"]
    assert drawings([], {}) == []


def test_a_total_and_what_it_is_made_of_are_not_drawn_together() -> None:
    read = [
        Metric("host", "disk_read_bytes_per_second", "bytes_per_second", label)
        for label in ("", "sda", "sdb")
    ]
    assert words(drawing("disk-io", read)) == ["read"]


def test_gpus_come_in_their_order_by_the_name_that_pages_give_them() -> None:
    known = [busy("a"), busy("b"), busy("c")]
    drawn = drawing("gpu-busy", known, a="GPU 10", b="GPU 2", c="GPU 0")
    assert words(drawn) == ["GPU 0", "GPU 2", "GPU 10"]


def test_a_gpu_that_is_gone_keeps_its_key() -> None:
    assert words(drawing("gpu-busy", [busy("GPU-77")])) == ["GPU-77"]


def test_two_lines_are_ink() -> None:
    drawn = drawing("temperature", [temperature("a"), temperature("b")])
    assert [line.style for line in drawn.lines] == ["i1", "i2"]


def test_more_lines_have_hues_of_which_none_comes_twice_while_there_are_others() -> None:
    drawn = drawing("temperature", [temperature(f"core {n}") for n in range(6)])
    assert {line.style for line in drawn.lines} == set(HUES)


def test_many_lines_share_hues() -> None:
    drawn = drawing("temperature", [temperature(f"core {n}") for n in range(40)])
    assert {line.style for line in drawn.lines} == set(HUES)


def test_a_hue_belongs_to_the_series_whatever_else_is_drawn() -> None:
    assert hue("host/temperature_celsius/a", []) == hue("host/temperature_celsius/a", ["i1"])


@pytest.mark.parametrize(
    ("id", "section", "says"), [("cpu", "host", "twice"), ("new", "nowhere", "in no section")]
)
def test_a_wrong_chart_is_refused_where_it_is_declared(id: str, section: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        register(Chart(id, "New", section, "host", "ratio", ()))
    assert "new" not in CHARTS
