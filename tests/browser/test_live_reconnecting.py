"""How the page leaves the socket and comes back to it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.live_feed import SEQ, Feed, module, shown, three_values

pytestmark = pytest.mark.browser

SOON_SILENT = """document.addEventListener("readystatechange", () => {
  document.documentElement.dataset.silentMs = 1500;
}, {once: true})"""
HIDE = """() => {
  Object.defineProperty(document, "visibilityState", {value: "hidden", configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""
SHOW_AGAIN = """() => {
  delete document.visibilityState;
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def feed(page: Page) -> Feed:
    return three_values(page)


def test_a_dropped_socket_comes_back_and_says_what_it_has_seen(page: Page, feed: Feed) -> None:
    feed.delta("t", [0, 5], SEQ + 1)
    feed.settle()
    feed.refuses = True
    feed.drop()
    expect(page.locator("live-status > span")).to_have_text("reconnecting")
    feed.refuses = False
    asked = feed.wait_for("sub", 2)
    assert (sorted(asked["topics"]), asked["since"]) == (["t", "u"], {"t": SEQ + 1})
    expect(page.locator("live-status > span")).to_have_text("live")
    feed.delta("t", [0, 6], SEQ + 2)
    feed.settle()
    assert shown(page)[0] == "6"
    assert page.evaluate(f"{module('socket')}.then((m) => m.counters.gaps)") == 0


def test_a_hidden_page_leaves_and_a_visible_one_comes_back(page: Page, feed: Feed) -> None:
    page.evaluate(HIDE)
    is_open = f"{module('socket')}.then((m) => m.status.name)"
    for _ in range(200):
        if page.evaluate(is_open) == "reconnecting":
            break
        page.wait_for_timeout(20)
    assert feed.connections == 1
    page.evaluate(SHOW_AGAIN)
    assert feed.wait_for("sub", 2)["since"] == {"t": SEQ}
    expect(page.locator("live-status > span")).to_have_text("live")


def test_a_page_hidden_for_a_moment_keeps_its_socket(page: Page, feed: Feed) -> None:
    page.evaluate(f"() => {{ ({HIDE})(); ({SHOW_AGAIN})(); }}")
    feed.delta("t", [0, 5], SEQ + 1)
    feed.settle()
    assert feed.connections == 1


def test_a_page_kept_by_the_browser_leaves_and_comes_back(page: Page, feed: Feed) -> None:
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    expect(page.locator("live-status > span")).to_have_text("reconnecting")
    assert feed.connections == 1
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    assert feed.wait_for("sub", 2)["since"] == {"t": SEQ}


def test_the_point_key_pauses_and_resumes(page: Page, feed: Feed) -> None:
    page.keyboard.press(".")
    expect(page.locator("live-status > span")).to_have_text("paused")
    page.keyboard.press(".")
    assert feed.wait_for("sub", 2)["since"] == {"t": SEQ}
    expect(page.locator("live-status > span")).to_have_text("live")


def test_the_account_menu_pauses_as_well(page: Page, feed: Feed) -> None:
    page.get_by_role("button", name="mira").click()
    page.get_by_role("button", name="Pause or resume live values").click()
    expect(page.locator("live-status > span")).to_have_text("paused")
    assert feed.connections == 1


def test_the_end_of_the_session_is_said_with_a_way_back(page: Page, feed: Feed) -> None:
    page.context.clear_cookies()
    feed.drop(code=4401)
    link = page.get_by_role("link", name="log in again")
    expect(link).to_have_attribute("href", re.compile(r"login/\?next=%2Fsettings%2Fscanning%2F$"))
    expect(page.get_by_role("alert")).to_contain_text("session has ended")
    expect(page.locator("live-status > span")).to_have_text("offline")


def test_a_session_that_goes_on_under_another_key_connects_again(page: Page, feed: Feed) -> None:
    feed.drop(code=4401)
    assert feed.wait_for("sub", 2)["since"] == {"t": SEQ}
    expect(page.get_by_role("link", name="log in again")).to_be_hidden()


def test_a_silent_server_is_left_and_asked_again(page: Page) -> None:
    page.add_init_script(SOON_SILENT)
    feed = three_values(page)
    assert feed.wait_for("sub", 2)["since"] == {"t": SEQ}


def test_a_refused_socket_of_an_ended_session_is_not_tried_for_ever(page: Page, feed: Feed) -> None:
    page.context.clear_cookies()
    feed.refuses = True
    feed.drop()
    expect(page.get_by_role("link", name="log in again")).to_be_visible()
    tried = feed.connections
    page.wait_for_timeout(300)
    assert feed.connections == tried


def test_the_chip_says_why_the_server_has_no_place(page: Page, feed: Feed) -> None:
    feed.refuses = True
    feed.drop()
    chip = page.locator("live-status")
    expect(chip).to_have_attribute("title", re.compile(r"^reconnecting since .*: busy$"))
    seen = """() => new Promise((done) => {
      const seen = [];
      const chip = document.querySelector("live-status > span");
      new MutationObserver(() => seen.push(chip.textContent)).observe(
        chip, {childList: true, characterData: true, subtree: true});
      setTimeout(() => done(seen), 1500);
    })"""
    assert "live" not in page.evaluate(seen)
