"""Elements that come and go leave nothing behind: nodes and listeners are counted exactly."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page

from tests.browser.live_feed import SEQ, Feed, show, value

pytestmark = pytest.mark.browser

SWAPS = 40
MARKUP = "".join(value(f"t/{letter}") for letter in "abcdef") + (
    '<svg class="dr" height="6"><rect id="bar" width="0%" height="6"/></svg>'
    '<live-meter topic="t" key="t/a" of="10" for="bar"></live-meter>'
    '<live-spark topic="t" key="t/a" data-values="1,2,3" data-end="1790000000">'
    '<svg class="spark"><path d=""/></svg></live-spark>'
    '<live-status class="st"><svg><use href="#run"/></svg><span></span><a hidden></a></live-status>'
)
SWAP = """async (markup) => {
  const main = document.getElementById("main");
  main.replaceChildren();
  await new Promise((done) => setTimeout(done, 0));
  main.innerHTML = markup;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


def counted(cdp: CDPSession) -> dict[str, Any]:
    for _ in range(2):  # what the first finalizes, the second frees
        cdp.send("HeapProfiler.collectGarbage")
    found = cdp.send("Memory.getDOMCounters")
    return {name: found[name] for name in ("nodes", "jsEventListeners")}


def test_forty_swaps_of_live_elements_leave_nothing_behind(page: Page) -> None:
    feed = Feed(page)
    page.goto("/settings/scanning/")
    show(page, MARKUP)
    feed.wait_for("sub")
    feed.schema("t", *(f"t/{letter}" for letter in "abcdef"))
    feed.snap("t", [1, 2, 3, 4, 5, 6])
    cdp = page.context.new_cdp_session(page)
    for _ in range(3):  # what is made once, is made
        page.evaluate(SWAP, MARKUP)
    before = counted(cdp)
    for number in range(SWAPS):
        page.evaluate(SWAP, MARKUP)
        feed.delta("t", [0, number], SEQ + 1 + number)
    feed.settle()
    assert counted(cdp) == before


def test_elements_that_are_gone_hold_no_topic(page: Page) -> None:
    feed = Feed(page)
    page.goto("/settings/scanning/")
    show(page, MARKUP)
    feed.wait_for("sub")
    page.evaluate("document.getElementById('main').replaceChildren()")
    assert feed.wait_for("unsub")["topics"] == ["t"]
