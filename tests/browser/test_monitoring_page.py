from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Server, watch
from tests.browser.test_dashboard_page import FIGURES

pytestmark = pytest.mark.browser
PAGE = "/monitoring/?range=5m"
TO = re.compile(r"^To \(")  # and no chart of tokens
# Two hours after UTC in summer.
BERLIN = "Europe/Berlin"
SUMMER = "2026-07-01"


@pytest.fixture
def page(page: Page) -> Page:
    page.goto("/system/")
    page.wait_for_function(FIGURES)
    return page


@pytest.fixture
def in_berlin(browser: Browser, server: Server, page: Page) -> Iterator[Page]:
    context = browser.new_context(timezone_id=BERLIN, base_url=server.url)
    yield from opened(context, page, server)


@pytest.fixture
def without_script(browser: Browser, server: Server, page: Page) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False, base_url=server.url)
    yield from opened(context, page, server)


def opened(context: BrowserContext, like: Page, server: Server) -> Iterator[Page]:
    context.add_cookies(like.context.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    complaints = watch(page, server.url)
    yield page
    context.close()
    assert not complaints


def ask_for(page: Page, start: str, end: str) -> None:
    page.get_by_text("Custom range").click()
    page.get_by_label("From").fill(start)
    page.get_by_role("textbox", name=TO).fill(end)
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile("start="))


def asked(page: Page) -> dict[str, Any]:
    return dict(page.evaluate("[...new URL(location.href).searchParams]"))


def test_a_range_is_typed_in_the_zone_of_the_browser(in_berlin: Page) -> None:
    in_berlin.goto(PAGE)
    ask_for(in_berlin, f"{SUMMER}T12:00:00", f"{SUMMER}T13:00:00")
    assert asked(in_berlin) == {"start": "1782900000", "end": "1782903600"}
    expect(in_berlin.locator("[data-range-text]")).to_have_text(f"{SUMMER} 12:00 to {SUMMER} 13:00")
    expect(in_berlin.get_by_label("From")).to_have_value(f"{SUMMER}T12:00")


def test_the_hour_that_comes_twice_stays_what_it_was(in_berlin: Page) -> None:
    ends = {"start": "1792888200", "end": "1792891800"}
    in_berlin.goto(f"/monitoring/?start={ends['start']}&end={ends['end']}")
    expect(in_berlin.locator("[data-range-text]")).to_have_text(
        "2026-10-25 02:30 UTC+2 to 2026-10-25 02:30 UTC+1"
    )
    in_berlin.get_by_text("Custom range").click()
    expect(in_berlin.get_by_label("From")).to_have_value("2026-10-25T02:30")
    live = in_berlin.locator("live-status > span")
    expect(live).to_have_text("live")
    with in_berlin.expect_navigation():
        in_berlin.get_by_role("button", name="Show").click()
    expect(live).to_have_text("live")
    assert asked(in_berlin) == ends


def test_in_utc_it_is_typed_and_shown_in_utc(in_berlin: Page) -> None:
    in_berlin.goto(PAGE)
    in_berlin.get_by_role("link", name="UTC").click()
    in_berlin.wait_for_url(re.compile("tz=utc"))
    ask_for(in_berlin, f"{SUMMER}T12:00:00", f"{SUMMER}T13:00:00")
    assert asked(in_berlin) == {"start": "1782907200", "end": "1782910800", "tz": "utc"}
    expect(in_berlin.locator("[data-range-text]")).to_have_text(f"{SUMMER} 12:00 to {SUMMER} 13:00")


def test_without_a_script_the_form_is_in_utc(without_script: Page) -> None:
    without_script.goto(PAGE)
    ask_for(without_script, f"{SUMMER}T12:00", f"{SUMMER}T13:00")
    expect(without_script.get_by_label("From (UTC)")).to_have_value(f"{SUMMER}T12:00")
    expect(without_script.locator("[data-range-text]")).to_contain_text(f"{SUMMER} 12:00 UTC")


def test_without_a_script_the_figures_are_there(without_script: Page) -> None:
    without_script.goto(PAGE)
    cpu = without_script.locator("#chart-cpu")
    expect(cpu.locator("[data-part=max]").first).to_have_text(re.compile(r"^[\d.]+ %$"))
    assert cpu.locator("svg path").count() >= 2


def test_a_wrong_range_is_explained_beside_its_field(page: Page) -> None:
    page.goto(PAGE)
    ask_for(page, "2026-07-02T12:00:00", "2026-07-01T12:00:00")
    expect(page.get_by_text("The end must be later than the start.")).to_be_visible()
    expect(page.get_by_role("textbox", name=TO)).to_have_attribute("aria-invalid", "true")


def test_the_tables_say_the_same_as_text(page: Page) -> None:
    page.goto(PAGE)
    page.get_by_role("link", name="View as table").click()
    table = page.get_by_role("region", name="CPU of all cores")
    expect(table.get_by_role("columnheader", name="busy")).to_be_visible()
    expect(table.locator("tbody tr").first).to_contain_text("%")


def test_the_figures_of_the_page_are_downloaded(page: Page, tmp_path: Path) -> None:
    page.goto(PAGE)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    waiting.value.save_as(tmp_path / "figures.csv")
    with (tmp_path / "figures.csv").open(newline="") as file:
        heads = next(csv.reader(file))
    assert heads[0] == "time" and "host/cpu_ratio avg" in heads


def test_a_section_is_reached_from_the_top(page: Page) -> None:
    page.goto(PAGE)
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="llamadash").click()
    expect(page.locator("#chart-own-memory h2")).to_be_in_viewport()
