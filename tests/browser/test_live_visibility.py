"""What is not seen is not sent: topics follow the eyes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.live_feed import SEQ, Feed, show, value

pytestmark = pytest.mark.browser

TALL = '<svg width="10" height="3000"></svg>'


def opened(page: Page, markup: str) -> Feed:
    feed = Feed(page)
    page.goto("/settings/scanning/")
    show(page, markup)
    return feed


def test_what_is_below_the_window_is_not_asked_for(page: Page) -> None:
    feed = opened(page, value("t/a") + TALL + value("u/a"))
    assert feed.wait_for("sub")["topics"] == ["t"]


def test_topics_follow_a_scroll(page: Page) -> None:
    feed = opened(page, value("t/a") + TALL + value("u/a"))
    feed.wait_for("sub")
    page.evaluate("scrollTo(0, 10_000)")
    assert feed.wait_for("unsub")["topics"] == ["t"]
    assert feed.wait_for("sub", 2)["topics"] == ["u"]


def test_a_topic_that_something_else_still_shows_is_kept(page: Page) -> None:
    feed = opened(page, value("t/a") + TALL + value("t/b") + value("u/a"))
    feed.wait_for("sub")
    page.evaluate("scrollTo(0, 10_000)")
    assert feed.wait_for("sub", 2)["topics"] == ["u"]
    assert feed.asked_for("unsub") == []


def test_back_in_view_a_value_is_what_it_is_now(page: Page) -> None:
    feed = opened(page, value("t/a") + TALL + value("t/b"))
    feed.wait_for("sub")
    feed.schema("t", "t/a", "t/b")
    feed.snap("t", [1, 2])
    page.evaluate("scrollTo(0, 10_000)")
    expect(page.locator("live-value").last).to_have_text("2")
    feed.delta("t", [0, 8], SEQ + 1)
    page.evaluate("scrollTo(0, 0)")
    expect(page.locator("live-value").first).to_have_text("8")


def test_closed_details_hold_no_topic(page: Page) -> None:
    feed = opened(page, f"<details><summary>more</summary>{value('u/a')}</details>{value('t/a')}")
    assert feed.wait_for("sub")["topics"] == ["t"]
    page.locator("main summary").click()
    assert feed.wait_for("sub", 2)["topics"] == ["u"]
    page.locator("main summary").click()
    assert feed.wait_for("unsub")["topics"] == ["u"]


def test_a_closed_popover_holds_no_topic(page: Page) -> None:
    popover = f'<button popovertarget="p">open</button><div id="p" popover>{value("u/a")}</div>'
    feed = opened(page, popover + value("t/a"))
    assert feed.wait_for("sub")["topics"] == ["t"]
    page.get_by_role("button", name="open").click()
    assert feed.wait_for("sub", 2)["topics"] == ["u"]


def test_the_memory_in_the_side_bar_is_live(page: Page) -> None:
    feed = Feed(page)
    page.goto("/settings/scanning/")
    assert feed.wait_for("sub")["topics"] == ["host"]
    feed.schema("host", "host/memory_used_bytes")
    feed.snap("host", [3 * 1024**3])
    expect(page.locator("#side live-value").last).to_have_text("3.0")


def test_the_closed_drawer_of_a_phone_holds_no_topic(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    feed = Feed(page)
    page.goto("/settings/scanning/")
    page.wait_for_function("document.readyState === 'complete'")
    assert feed.connections == 0
    expect(page.locator("live-status")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    assert feed.wait_for("sub")["topics"] == ["host"]
    page.keyboard.press("Escape")
    assert feed.wait_for("unsub")["topics"] == ["host"]
