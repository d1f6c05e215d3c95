from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Server, accessibility_problems, is_wider_than_the_window
from tests.browser.models_on_disk import HOSTILE_NAME

pytestmark = pytest.mark.browser
# Set once there are figures to show.
FIGURES = """async () => {
  const answer = await (await fetch("/api/metrics/latest/")).json();
  return JSON.stringify(answer).includes("host/cpu_ratio");
}"""

# A scan that stores in several pieces makes some of its models newer than others.
MAKE_IT_THE_NEWEST = (
    "from django.utils import timezone; from models_app.models import LlamaModel;"
    f"LlamaModel.objects.filter(name={HOSTILE_NAME!r}).update(first_seen_at=timezone.now())"
)


@pytest.fixture(autouse=True)
def _models(models_folder: Path) -> None:
    """The registry is not empty."""


@pytest.fixture
def page(page: Page) -> Page:
    page.goto("/system/")
    page.wait_for_function(FIGURES)
    return page


@pytest.fixture
def without_script(browser: Browser, page: Page, server: Server) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False, base_url=server.url)
    context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def figure(page: Page, title: str) -> str:
    tile = page.locator(".figs > div").filter(has=page.get_by_role("link", name=title, exact=True))
    return tile.locator("dd").first.inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1600, 1280, 360])
def test_the_dashboard_is_accessible_and_fits(page: Page, width: int, theme: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard")
    assert accessibility_problems(page) == []
    assert not is_wider_than_the_window(page)


def test_without_a_script_the_figures_are_there(without_script: Page) -> None:
    without_script.goto("/")
    assert re.fullmatch(r"[\d.]+ %", figure(without_script, "CPU"))
    assert re.fullmatch(r"[\d.,]+ [KMGT]iB", figure(without_script, "RAM used"))


def test_a_figure_leads_to_its_chart(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="RAM used").click()
    expect(page.locator("#chart-memory")).to_be_in_viewport()


def test_g_and_d_go_to_the_dashboard_from_everywhere(page: Page) -> None:
    page.keyboard.press("g")
    page.keyboard.press("d")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard")


def test_the_memory_of_the_machine_is_drawn_with_a_sentence(page: Page) -> None:
    page.goto("/")
    ram = page.get_by_role("group", name="RAM", exact=True)
    expect(ram.get_by_role("img", name=re.compile("RAM memory, .* margin"))).to_be_visible()
    width = ram.locator("rect.other").first.get_attribute("width") or ""
    assert 0 < float(width.removesuffix("%")) <= 100


def test_models_that_mean_harm_are_only_text(page: Page, server: Server) -> None:
    server.manage("shell", "-v0", "-c", MAKE_IT_THE_NEWEST)
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    page.goto("/")
    rows = page.locator("table.fold tbody tr")
    expect(rows).to_have_count(6)
    expect(rows.filter(has_text=HOSTILE_NAME)).to_have_count(1)
    assert page.locator("main img, main script").count() == 0
