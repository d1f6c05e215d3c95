"""Every page of the shell: axe finds nothing and nothing is wider than the window."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import accessibility_problems, is_wider_than_the_window

pytestmark = pytest.mark.browser

PAGES = (
    "/monitoring/?range=5m",
    "/monitoring/?view=table",
    "/monitoring/?start=x",
    "/settings/scanning/",
    "/settings/diagnostics/",
    "/settings/environment/",
    "/system/",
    "/setup/folder/",
    "/setup/done/",
    "/nowhere/",
)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_a_page_is_accessible_and_fits(page: Page, width: int, theme: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    for address in PAGES:
        page.goto(address)
        assert accessibility_problems(page) == [], address
        assert not is_wider_than_the_window(page), address


def test_what_the_doctor_finds_stands_on_the_page_and_fits(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/system/")
    page.get_by_role("button", name="Look now").click()
    found = page.locator("#doctor tbody tr")
    expect(found.first).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Look again")).to_be_visible()
    assert found.count() > 10
    assert accessibility_problems(page) == []
    assert not is_wider_than_the_window(page)


def test_the_open_menu_and_the_dialogs_are_accessible(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/settings/scanning/")
    page.get_by_role("button", name="Menu").click()
    assert accessibility_problems(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="mira").click()
    assert accessibility_problems(page) == []
    page.get_by_role("button", name="Keyboard shortcuts").click()
    assert accessibility_problems(page) == []
