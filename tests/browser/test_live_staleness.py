"""Old values say that they are old. The clock of the page is moved: nobody waits."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.live_feed import SEQ, Feed, show, value

pytestmark = pytest.mark.browser

MOVABLE = """window.ahead = 0;
const real = performance.now.bind(performance);
performance.now = () => real() + window.ahead;
const slow = setInterval;
window.setInterval = (action, ms, ...more) => slow(action, ms === 5000 ? 50 : ms, ...more);"""


def opened(page: Page, *keys: str) -> Feed:
    feed = Feed(page)
    page.add_init_script(MOVABLE)
    page.goto("/settings/scanning/")
    show(page, value("t/a", "0", 'format="amount" title="of all cores"'))
    feed.wait_for("sub")
    feed.schema("t", *keys)
    feed.snap("t", list(range(1, len(keys) + 1)))
    expect(page.locator("live-value")).to_have_text("1")
    return feed


def ahead(page: Page, seconds: int) -> None:
    page.evaluate(f"window.ahead += {seconds * 1000}")


def test_values_of_a_lost_connection_go_grey_and_say_their_age(page: Page) -> None:
    feed = opened(page, "t/a")
    feed.refuses = True
    feed.drop()
    ahead(page, 12)
    expect(page.locator("live-value")).to_have_class("stale")
    expect(page.locator("live-value")).to_have_attribute("title", re.compile("as of 1[234] s ago"))
    expect(page.locator("live-value")).to_have_text("1")


def test_they_are_as_they_were_when_it_is_back(page: Page) -> None:
    feed = opened(page, "t/a")
    feed.refuses = True
    feed.drop()
    ahead(page, 12)
    expect(page.locator("live-value")).to_have_class("stale")
    feed.refuses = False
    feed.wait_for("sub", 2)
    feed.delta("t", [0, 2], SEQ + 1)
    expect(page.locator("live-value")).not_to_have_class("stale")
    expect(page.locator("live-value")).to_have_attribute("title", "of all cores")


def test_a_quiet_topic_holds_as_long_as_the_server_is_heard(page: Page) -> None:
    feed = opened(page, "t/a")
    ahead(page, 20)
    feed.send(op="beat", n=3)
    feed.settle()
    ahead(page, 20)
    page.wait_for_timeout(200)
    expect(page.locator("live-value")).not_to_have_class("stale")


def test_a_clock_that_stands_still_makes_its_topic_old(page: Page) -> None:
    """Nobody takes readings any more, though the server is there."""
    feed = opened(page, "t/a", "t/uptime_seconds")
    ahead(page, 20)
    feed.send(op="beat", n=3)
    feed.settle()
    ahead(page, 20)
    expect(page.locator("live-value")).to_have_class("stale")
