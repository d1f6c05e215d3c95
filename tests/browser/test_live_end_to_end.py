"""The whole way: sampler, hub, socket, page; with the real server."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

from tests.browser.conftest import Server, watch
from tests.browser.live_feed import module
from tests.browser.test_live_leaks import counted

pytestmark = pytest.mark.browser

PAGE = "/settings/scanning/"
VISITS = 40
COUNTERS = f"{module('socket')}.then((m) => m.counters)"
AT = f"{module('store')}.then((m) => m.read('host', 'host/uptime_seconds'))"


def counters(page: Page) -> dict[str, int]:
    return dict(page.evaluate(COUNTERS))


def wait_for_readings(page: Page, more: int = 2) -> None:
    """The uptime moves with every reading."""
    for _ in range(600):
        if page.evaluate(AT) is not None:
            break
        page.wait_for_timeout(50)
    until = page.evaluate(AT) + more
    for _ in range(600):
        if page.evaluate(AT) >= until:
            return
        page.wait_for_timeout(50)
    raise AssertionError("the readings stand still")


def test_readings_of_this_machine_arrive_every_second(page: Page) -> None:
    page.goto(PAGE)
    expect(page.locator("live-status > span")).to_have_text("live")
    wait_for_readings(page)
    found = counters(page)
    assert (found["connections"], found["gaps"], found["errors"]) == (1, 0, 0)


def test_a_dropped_socket_comes_back_without_a_gap(page: Page) -> None:
    """Through a line that the test can cut."""
    lines: list[WebSocketRoute] = []

    def connect(line: WebSocketRoute) -> None:
        line.connect_to_server()
        lines.append(line)

    page.route_web_socket("**/ws/", connect)
    page.goto(PAGE)
    wait_for_readings(page)
    lines[0].close(code=1012)
    for _ in range(600):
        if len(lines) == 2:
            break
        page.wait_for_timeout(50)
    expect(page.locator("live-status > span")).to_have_text("live")
    wait_for_readings(page)
    found = counters(page)
    assert (found["connections"], found["gaps"], found["errors"]) == (2, 0, 0)


def test_two_tabs_have_a_socket_each(context: BrowserContext, server: Server, page: Page) -> None:
    other = context.new_page()
    complaints = watch(other, server.url)
    for each in (page, other):
        each.goto(PAGE)
        wait_for_readings(each, 1)
        assert counters(each)["connections"] == 1
    other.close()
    wait_for_readings(page, 1)
    assert complaints == []


def test_forty_visits_in_one_tab_leave_nothing_behind(page: Page) -> None:
    cdp = page.context.new_cdp_session(page)
    page.goto(PAGE)
    wait_for_readings(page, 1)
    before = counted(cdp)
    for _ in range(VISITS):
        page.goto(PAGE, wait_until="load")
    wait_for_readings(page, 1)
    assert counted(cdp) == before


def test_the_panel_says_what_the_page_costs(page: Page) -> None:
    page.goto(PAGE)
    loaded = "performance.getEntriesByType('resource').map((entry) => entry.name)"
    assert "/perf." not in json.dumps(page.evaluate(loaded))
    page.keyboard.press("Shift+P")
    panel = page.get_by_role("complementary", name="Performance of this page")
    expect(panel).to_contain_text("Frames a second")
    expect(panel).to_contain_text("live, 1 made")
    page.reload()
    expect(panel).to_contain_text("Long tasks")
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)
    page.reload()
    expect(page.locator("live-status > span")).to_have_text("live")
    expect(panel).to_have_count(0)


def test_a_note_for_the_console_is_not_made_while_nobody_looks(page: Page) -> None:
    page.goto(PAGE)
    made = f"""{module("debug")}.then((m) => {{
      let made = 0;
      m.debug("test", () => {{ made += 1; return ["x"]; }});
      return made;
    }})"""
    assert page.evaluate(made) == 0
    page.goto(f"{PAGE}?debug")
    assert page.evaluate(made) == 1
