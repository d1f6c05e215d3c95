"""What a chart is made of: its grid, and its figures as live ones come."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.live_feed import Feed, module, wait_for_charts

pytestmark = pytest.mark.browser

GIB = 1024**3
LABELS = """([low, high, unit, most]) => %s.then((m) =>
  m.gridLabels(m.gridOf(low, high, unit, most), unit).map(([, text]) => text))"""
TAKE = """([answer, takes]) => %s.then((m) => {
  const data = new m.SeriesData(["a"]);
  data.replace(answer);
  for (const [now, value, start] of takes) data.take(now, [value], start);
  const {avg, min, max} = data.columns[0];
  return [data.times, avg, min, max];
})"""


@pytest.fixture
def page(page: Page) -> Page:
    Feed(page)
    wait_for_charts(page, "/monitoring/?range=5m")
    return page


@pytest.mark.parametrize(
    ("asked", "labels"),
    [
        ([0, 0.3, "ratio", 1], ["50", "100 %"]),
        ([0, 24 * GIB, "bytes", None], ["8", "16", "24 GiB"]),
        ([0, 1_200_000, "bytes_per_second", None], ["0.5", "1", "1.5 MiB/s"]),
        ([0, 0.0123, "seconds", None], ["5", "10", "15 ms"]),
        ([0, 3.9, "count", None], ["1", "2", "3", "4"]),
        ([-5, 43, "celsius", None], ["0", "20", "40", "60 °C"]),
        ([0, 0, "bytes", None], ["1 B"]),
    ],
)
def test_grid_lines_are_round_and_the_top_one_has_the_unit(
    page: Page, asked: list[Any], labels: list[str]
) -> None:
    assert page.evaluate(LABELS % module("scale"), asked) == labels


def taken(page: Page, avg: list[float | None], step: int, takes: list[list[Any]]) -> list[Any]:
    columns = {"avg": avg, "min": list(avg), "max": list(avg)}
    answer = {"start": 100, "step": step, "series": {"a": columns}}
    return list(page.evaluate(TAKE % module("series-data"), [answer, takes]))


def test_a_live_value_goes_into_the_step_it_belongs_to(page: Page) -> None:
    times, avg, low, high = taken(page, [4.0], 10, [[110.2, 6, 0], [111.2, 8, 0]])
    assert (times, low, high) == ([100, 110], [4, 6], [4, 8])
    assert avg == [4, 7]


def test_a_mean_counts_the_seconds_that_were_there_before(page: Page) -> None:
    _, avg, _, _ = taken(page, [4.0], 10, [[109, 14, 0]])
    assert avg == [5]


def test_a_second_no_timer_came_in_is_no_gap(page: Page) -> None:
    times, avg, _, _ = taken(page, [1.0], 1, [[103.5, 3, 0]])
    assert json.dumps([times, avg]) == "[[100, 101, 102, 103], [1, 3, 3, 3]]"


def test_an_unknown_value_is_a_gap(page: Page) -> None:
    _, avg, low, _ = taken(page, [1.0], 1, [[101.5, None, 0]])
    assert (avg, low) == ([1, None], [1, None])


def test_what_is_before_the_start_goes(page: Page) -> None:
    times, avg, _, _ = taken(page, [1.0, 2.0, 3.0], 1, [[102.5, 3, 102]])
    assert (times, avg) == ([101, 102], [2, 3])
