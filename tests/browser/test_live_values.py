"""What a changed value costs in the page, and that nothing else is touched."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.live_feed import SEQ, Feed, module, show, value

pytestmark = pytest.mark.browser

METER = (
    '<svg class="dr" height="6"><rect id="bar" width="0%" height="6"/></svg>'
    '<live-meter topic="t" key="t/a" of="{of}" for="bar"></live-meter>'
)
COUNT_CHANGES = """() => {
  window.changes = [];
  new MutationObserver((records) => changes.push(...records.map(({type}) => type))).observe(
    document.getElementById("main"),
    {subtree: true, childList: true, characterData: true, attributes: true},
  );
}"""


def opened(page: Page, markup: str, keys: tuple[str, ...], values: list[float | None]) -> Feed:
    feed = Feed(page)
    page.goto("/settings/scanning/")
    show(page, markup)
    feed.wait_for("sub")
    page.evaluate(COUNT_CHANGES)
    feed.schema("t", *keys)
    feed.snap("t", values)
    return feed


def test_a_value_is_shown_in_its_format(page: Page) -> None:
    more = 'format="percent"'
    opened(page, value("t/a", "23 %", more), ("t/a",), [0.43])
    expect(page.locator("live-value")).to_have_text("43 %")


def test_a_big_figure_has_its_number_and_its_unit_apart(page: Page) -> None:
    number = value("t/a", "0", 'format="rate" part="number"')
    unit = value("t/a", "B/s", 'format="rate" part="unit"')
    opened(page, f"<dl><dd><b>{number}</b> <i>{unit}</i></dd></dl>", ("t/a",), [12_897_484])
    expect(page.locator("main dd")).to_have_text("12.3 MiB/s")


def test_an_unknown_value_is_a_dash_and_never_0(page: Page) -> None:
    opened(page, value("t/a", "7"), ("t/a",), [None])
    expect(page.locator("live-value")).to_have_text("-")


def test_the_reason_why_a_value_is_unknown_goes_when_it_is_known(page: Page) -> None:
    opened(page, value("t/a", "-", 'format="amount" title="no sensor"'), ("t/a",), [5])
    expect(page.locator("live-value")).to_have_text("5")
    assert page.locator("live-value").get_attribute("title") is None


def test_equal_values_change_nothing(page: Page) -> None:
    markup = value("t/a", "3") + value("t/b", "4") + METER.format(of=10).replace("0%", "30.0%", 1)
    feed = opened(page, markup, ("t/a", "t/b"), [3, 4])
    feed.settle()
    feed.delta("t", [0, 3, 1, 4], SEQ + 1)
    feed.settle()
    assert page.evaluate("changes") == []


def test_a_value_that_reads_the_same_changes_nothing(page: Page) -> None:
    feed = opened(page, value("t/a", "4.6 GiB", 'format="size"'), ("t/a",), [4_920_739_232])
    feed.delta("t", [0, 4_920_739_233], SEQ + 1)
    feed.settle()
    assert page.evaluate("changes") == []


def test_a_changed_value_costs_one_text_and_its_meter_one_attribute(page: Page) -> None:
    feed = opened(page, value("t/a", "1") + METER.format(of=10), ("t/a",), [1])
    expect(page.locator("#bar")).to_have_attribute("width", "10.0%")
    page.evaluate("changes.length = 0")
    feed.delta("t", [0, 2.5], SEQ + 1)
    expect(page.locator("live-value")).to_have_text("2.5")
    expect(page.locator("#bar")).to_have_attribute("width", "25.0%")
    assert sorted(page.evaluate("changes")) == ["attributes", "characterData"]


def test_a_meter_can_be_of_another_value(page: Page) -> None:
    feed = opened(page, METER.format(of="t/b"), ("t/a", "t/b"), [2, 4])
    expect(page.locator("#bar")).to_have_attribute("width", "50.0%")
    feed.delta("t", [1, 20], SEQ + 1)
    expect(page.locator("#bar")).to_have_attribute("width", "10.0%")


def test_what_comes_between_two_frames_of_the_screen_is_shown_once(page: Page) -> None:
    feed = opened(page, value("t/a", "0"), ("t/a",), [0])
    expect(page.locator("live-value")).to_have_text("0")
    before = page.evaluate(f"{module('store')}.then((m) => m.counters.flushes)")
    page.evaluate(
        f"{module('store')}.then((m) => {{for (let i = 1; i < 50; i++) m.changes('t', 1, [0, i])}})"
    )
    expect(page.locator("live-value")).to_have_text("49")
    after = page.evaluate(f"{module('store')}.then((m) => m.counters.flushes)")
    assert (after - before, page.evaluate("changes")) == (1, ["characterData"])
    assert feed.connections == 1


def test_v_reads_the_values_with_their_labels(page: Page) -> None:
    more = 'format="percent" data-label="CPU"'
    opened(page, value("t/a", "1 %", more), ("t/a",), [0.43])
    expect(page.locator("live-value")).to_have_text("43 %")
    page.keyboard.press("v")
    expect(page.locator("#spoken")).to_have_text("CPU 43 %")


def test_v_reads_a_figure_once_and_with_its_unit(page: Page) -> None:
    size = 'format="size" data-label="RAM used" part="number"'
    unit = 'format="size" part="unit"'
    tile = f"<dd><b>{value('t/a', '1', size)}</b> <i>{value('t/a', 'B', unit)}</i></dd>"
    bar = f"<div><b>{value('t/a', '1', size)} <span>{value('t/a', 'B', unit)}</span></b></div>"
    opened(page, tile + bar, ("t/a",), [3 * 2**30])
    expect(page.locator("live-value").first).to_have_text("3.0")
    page.keyboard.press("v")
    expect(page.locator("#spoken")).to_have_text("RAM used 3.0 GiB")
