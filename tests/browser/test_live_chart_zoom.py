from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chart_figures import CPU, Figures, cell, drag, opened, wave

pytestmark = pytest.mark.browser


@pytest.fixture
def figures(page: Page) -> Figures:
    return Figures(page, wave)


@pytest.fixture
def chart(page: Page, figures: Figures) -> Page:
    return opened(page)


def test_a_drag_zooms_all_charts_and_can_be_undone(chart: Page, figures: Figures) -> None:
    before = chart.locator("[data-range-text]").inner_text()
    drag(chart, 0.25, 0.5)
    chart.wait_for_url(re.compile(r"\?start=\d+&end=\d+$"))
    expect(chart.locator("[data-follows]")).to_be_hidden()
    expect(chart.locator("[data-range-text]")).not_to_have_text(before)
    start, end = (int(n) for n in re.findall(r"=(\d+)", urlsplit(chart.url).query))
    assert 850 < end - start < 950
    chart.go_back()
    chart.wait_for_url(re.compile(r"\?range=1h$"))
    expect(chart.locator("[data-range-text]")).to_have_text(before)
    expect(chart.locator("[data-follows]")).to_be_visible()
    zoomed = [each for each in figures.asked if each["start"] == [str(start)]]
    assert len(zoomed) >= 2 and len({tuple(each["series"]) for each in zoomed}) == len(zoomed)


def test_nothing_on_the_page_speaks_of_the_range_before(chart: Page) -> None:
    canvas, cores = chart.locator(f"{CPU} .canvas"), chart.locator("#cores")
    text, words = chart.locator("[data-range-text]"), chart.locator("[data-range-words]")
    came = [chart.locator("#start").input_value(), text.inner_html()]
    expect(canvas).to_have_attribute("aria-label", re.compile(", last 1 h; "))
    expect(cores).to_be_visible()
    drag(chart, 0.25, 0.5)
    chart.wait_for_url(re.compile(r"start="))
    expect(canvas).to_have_attribute("aria-label", re.compile(f", {text.inner_text()}; "))
    expect(words).to_have_text("a range of the past")
    expect(cores).to_be_hidden()
    assert chart.locator("#start").input_value() != came[0]
    chart.go_back()
    expect(words).to_have_text("last 1 h")
    expect(cores).to_be_visible()
    assert [chart.locator("#start").input_value(), text.inner_html()] == came
    assert text.locator("time").count() == 2


def test_the_links_of_the_page_follow_the_zoom(chart: Page) -> None:
    drag(chart, 0.25, 0.5)
    chart.wait_for_url(re.compile(r"start="))
    query = urlsplit(chart.url).query
    export = chart.get_by_role("link", name="CSV").get_attribute("href") or ""
    assert set(query.split("&")) <= set(urlsplit(export).query.split("&"))


def test_a_double_click_goes_back_to_the_range_before(chart: Page) -> None:
    drag(chart, 0.25, 0.5)
    chart.wait_for_url(re.compile(r"start="))
    chart.locator(f"{CPU} .u-over").dblclick()
    chart.wait_for_url(re.compile(r"\?range=1h$"))


def test_the_cursor_shows_the_figures_of_its_moment_in_all_charts(chart: Page) -> None:
    now = cell(chart, "now").inner_text()
    chart.locator(f"{CPU} .u-over").hover(position={"x": 5, "y": 40})
    head = chart.locator(f"{CPU} thead th:nth-child(2)")
    expect(head).to_have_text(re.compile(r"^\d\d:\d\d(:\d\d)?$"))
    expect(cell(chart, "now")).to_have_text(re.compile(r"^2[0-2] %$"))
    other = chart.locator("live-chart:has(#h-load) thead th:nth-child(2)")
    expect(other).to_have_text(head.inner_text())
    chart.mouse.move(5, 5)
    expect(head).to_have_text("now")
    assert now != ""


def test_back_after_a_reload_shows_the_range_of_the_address(chart: Page, figures: Figures) -> None:
    before = chart.locator("[data-range-text]").inner_text()
    drag(chart, 0.25, 0.5)
    chart.wait_for_url(re.compile(r"start="))
    chart.reload()
    expect(chart.locator("[data-range-text]")).not_to_have_text(before)
    chart.go_back()
    chart.wait_for_url(re.compile(r"\?range=1h$"))
    expect(chart.locator("[data-follows]")).to_be_visible()
    expect(chart.locator(f"{CPU} canvas").first).to_be_visible()
    assert all(int(each["start"][0]) > 1_000_000 for each in figures.asked if "start" in each)
