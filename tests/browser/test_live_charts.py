from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chart_figures import CPU, Figures, cell, cut_off, opened, wave
from tests.browser.live_feed import Feed, wait_for_charts

pytestmark = pytest.mark.browser


@pytest.fixture
def figures(page: Page) -> Figures:
    return Figures(page, wave)


@pytest.fixture
def chart(page: Page, figures: Figures) -> Page:
    return opened(page)


def painted(page: Page) -> str:
    return str(page.evaluate(f"document.querySelector('{CPU} canvas').toDataURL()"))


def test_the_table_has_the_figures_of_the_answer(chart: Page) -> None:
    expect(cell(chart, "min")).to_have_text("10 %")
    expect(cell(chart, "max")).to_have_text("30 %")
    expect(cell(chart, "p95")).to_have_text("-")


def test_a_chart_asks_for_no_more_points_than_it_can_show(chart: Page, figures: Figures) -> None:
    width = chart.locator(f"{CPU} .canvas").evaluate("(element) => element.clientWidth")
    asked = next(each for each in figures.asked if "host/cpu_ratio" in each["series"])
    assert int(asked["points"][0]) <= width / 2 + 1


def test_charts_below_the_window_are_not_fetched(page: Page, figures: Figures) -> None:
    page.set_viewport_size({"width": 1280, "height": 500})
    wait_for_charts(page, "/monitoring/?range=1h")
    expect(page.locator(f"{CPU} canvas")).to_be_visible()
    assert not any("self/rss_bytes" in each["series"] for each in figures.asked)
    page.locator("live-chart").last.scroll_into_view_if_needed()
    expect(page.locator("live-chart canvas").last).to_be_visible()


def test_a_series_can_be_left_out(chart: Page) -> None:
    before = painted(chart)
    button = chart.locator(f"{CPU} button.series").first
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert painted(chart) != before
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")


def test_another_theme_paints_the_chart_anew(chart: Page) -> None:
    before = painted(chart)
    chart.emulate_media(color_scheme="dark")
    chart.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    dark = painted(chart)
    chart.keyboard.press("t")
    expect(chart.locator("html")).to_have_attribute("data-theme", "light")
    chart.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    assert len({before, dark, painted(chart)}) >= 2 and dark not in (before, painted(chart))


def test_a_chart_fits_a_window_that_became_smaller(chart: Page) -> None:
    chart.set_viewport_size({"width": 500, "height": 900})
    canvas = chart.locator(f"{CPU} canvas")
    expect(canvas).not_to_have_css("width", "0px")
    for _ in range(100):
        if canvas.evaluate("(element) => element.clientWidth") <= 500:
            break
        chart.wait_for_timeout(20)
    assert canvas.evaluate("(element) => element.clientWidth") <= 500


def test_a_failure_is_said_and_can_be_tried_again(page: Page, figures: Figures) -> None:
    figures.status = 403
    wait_for_charts(page, "/monitoring/?range=1h")
    expect(page.locator(f"{CPU} [role=alert]")).to_contain_text("log in again")
    figures.status = 200
    page.locator(CPU).get_by_role("button", name="Retry").click()
    expect(page.locator(f"{CPU} canvas")).to_be_visible()
    expect(page.locator(f"{CPU} [role=alert]")).to_have_count(0)


def test_a_range_without_figures_says_so(page: Page) -> None:
    Figures(page, lambda key, index: None)
    wait_for_charts(page, "/monitoring/?range=1h")
    expect(page.locator(f"{CPU} .plot-note")).to_have_text("No figures in this range.")


def test_a_chart_can_be_saved_as_a_picture(chart: Page, tmp_path: Path) -> None:
    with chart.expect_download() as download:
        chart.locator(CPU).get_by_role("button", name="PNG").click()
    assert re.fullmatch(r"cpu.*\.png", download.value.suggested_filename)
    download.value.save_as(tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_a_chart_that_is_gone_is_taken_down(chart: Page) -> None:
    gone = chart.evaluate(
        f"""() => {{
          const chart = document.querySelector("{CPU}");
          chart.remove();
          return [chart.plot.plot, chart.querySelectorAll("canvas").length];
        }}"""
    )
    assert gone == [None, 0]


def test_a_chart_that_follows_moves_with_the_values(page: Page, figures: Figures) -> None:
    feed = Feed(page)
    wait_for_charts(page, "/monitoring/?range=5m")
    feed.wait_for("sub")
    at = page.evaluate("Date.now() / 1000")
    feed.schema("host", "host/cpu_ratio", "host/uptime_seconds")
    feed.send(op="snap", topic="host", seq=1, t=at, v=[0.77, 5])
    expect(cell(page, "now")).to_have_text("77 %")


def test_an_answer_that_takes_long_is_waited_for(page: Page, figures: Figures) -> None:
    page.add_init_script("""
      const now = fetch;
      window.counted = {begun: 0, aborted: 0, answered: 0};
      window.slow = false;
      window.fetch = async (address, options = {}) => {
        if (!window.slow || !String(address).includes("host%2Fcpu_ratio")) {
          return now(address, options);
        }
        counted.begun += 1;
        options.signal.addEventListener("abort", () => { counted.aborted += 1; });
        await new Promise((done) => setTimeout(done, 3500));
        const answer = await now(address, options);
        counted.answered += 1;
        return answer;
      };
    """)
    cut_off(page)
    page.evaluate("window.slow = true")
    page.wait_for_function("() => counted.answered >= 1", timeout=20_000)
    counted = page.evaluate("counted")
    assert counted["begun"] - counted["answered"] <= 1
    assert counted["aborted"] == 0


def asked_of_cpu(figures: Figures) -> int:
    return sum("host/cpu_ratio" in each["series"] for each in figures.asked)


def test_failures_are_tried_again_later_and_later(page: Page, figures: Figures) -> None:
    page.add_init_script("Math.random = () => 1")
    cut_off(page)
    figures.status = 429
    alert = page.locator(f"{CPU} [role=alert]")
    expect(alert).to_contain_text("busy", timeout=10_000)
    alert.evaluate("(element) => { element.dataset.mark = 'first'; }")
    before = asked_of_cpu(figures)
    page.wait_for_timeout(5_500)  # two, then four seconds
    assert 1 <= asked_of_cpu(figures) - before <= 2
    expect(alert).to_have_attribute("data-mark", "first")  # it is not said again


def test_a_server_that_says_when_is_not_asked_before(page: Page, figures: Figures) -> None:
    page.add_init_script("Math.random = () => 0")
    cut_off(page)
    figures.headers = {"Retry-After": "600"}
    figures.status = 429
    expect(page.locator(f"{CPU} [role=alert]")).to_be_visible(timeout=10_000)
    before = asked_of_cpu(figures)
    page.wait_for_timeout(2_500)
    assert asked_of_cpu(figures) == before
