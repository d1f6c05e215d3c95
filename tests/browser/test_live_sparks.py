from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, expect

from metrics_app.core.sparks import highest, path
from tests.browser.live_feed import AT, SEQ, Feed, module, show

pytestmark = pytest.mark.browser

SERIES: list[list[float | None]] = [
    [0.0, 1.0, 2.0, 4.0],
    [None, 1.0, None, 3.0, 3.0, None],
    [0.0, 0.0, 0.0],
    [5.0, None, 7.25, None],
    [None, None],
]
SPARK = (
    '<live-spark topic="t" key="t/a" seconds="300" data-values="{values}" data-end="{end}">'
    '<svg class="spark" viewBox="0 0 100 28" preserveAspectRatio="none"><path d="M0 28"/></svg>'
    "</live-spark>"
)
FAST_CLOCK = """const slow = setInterval;
window.setInterval = (action, ms, ...more) => slow(action, ms === 5000 ? 50 : ms, ...more);"""


def test_the_browser_draws_sparks_as_the_server_does(page: Page) -> None:
    Feed(page)
    page.goto("/settings/scanning/")
    drawn = page.evaluate(
        f"{module('spark-path')}.then((m) => {json.dumps(SERIES)}.map(m.sparkPath))"
    )
    assert drawn == [path(each, highest([each]), 100.0, 3.0, 28.0) for each in SERIES]


def spark(page: Page, values: str) -> Feed:
    """One whose redrawing, every five seconds, comes soon."""
    feed = Feed(page)
    page.add_init_script(FAST_CLOCK)
    page.goto("/settings/scanning/")
    show(page, SPARK.format(values=values, end=AT))
    feed.wait_for("sub")
    feed.schema("t", "t/a")
    return feed


def test_a_spark_goes_on_from_what_the_server_has_drawn(page: Page) -> None:
    """The last of its four parts has both: the server's 1 and the 2 that came."""
    feed = spark(page, "1,1,1,1")
    feed.snap("t", [2])
    drawn = sparkline([1, 1, 1, 1.5])
    expect(page.locator("live-spark path")).to_have_attribute("d", drawn)


def test_a_value_that_stays_the_same_goes_on_as_a_line(page: Page) -> None:
    feed = spark(page, ",,,")
    feed.snap("t", [2])
    feed.delta("t", [], SEQ + 150, **{"from": SEQ + 1})
    expect(page.locator("live-spark path")).to_have_attribute("d", sparkline([None, 2, 2, 2]))


def test_a_time_without_the_topic_is_a_gap(page: Page) -> None:
    feed = spark(page, "1,1,1,1")
    feed.snap("t", [2])
    feed.settle()
    feed.drop()
    feed.wait_for("sub", 2)
    history = page.evaluate(f"{module('store')}.then((m) => m.history('t', 't/a'))")
    assert [value for _, value in history] == [2, None]


def test_a_clock_that_was_set_back_does_not_blank_a_spark(page: Page) -> None:
    feed = spark(page, "1,1,1,1")
    feed.snap("t", [2])
    for number, value in ((1, 3), (2, 5)):
        at = AT - 3_600 + number
        feed.send(op="delta", topic="t", seq=SEQ + number, t=at, d=[0, value])
    feed.settle()
    held = page.evaluate(f"{module('store')}.then((store) => store.history('t', 't/a'))")
    assert [value for _, value in held] == [3, 5]
    expect(page.locator("live-spark path")).to_have_attribute("d", re.compile(r"\d"))


def sparkline(values: list[float | None]) -> str:
    return path(values, highest([values]), 100.0, 3.0, 28.0)
