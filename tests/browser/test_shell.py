from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NAME, PASSWORD

pytestmark = pytest.mark.browser
SETTINGS = "/settings/scanning/"
# The module the page has loaded, whose name holds a hash.
LOCAL_TIME = """import(performance.getEntriesByType("resource")
  .find((entry) => entry.name.includes("/local-time.")).name)"""


def test_the_theme_changes_at_once_and_is_remembered(page: Page) -> None:
    page.goto(SETTINGS)
    for before, after in (("auto", "light"), ("light", "dark")):
        with page.expect_response("**/theme/"):
            page.get_by_role("button", name=re.compile(f"Theme: {before}")).click()
        expect(page.locator("html")).to_have_attribute("data-theme", after)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_menu_of_a_small_window_says_that_it_is_open(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(SETTINGS)
    menu = page.get_by_role("button", name="Menu")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    menu.click()
    expect(menu).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("link", name="System")).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_have_attribute("aria-expanded", "false")


def test_the_skip_link_is_first_and_leads_to_the_content(page: Page) -> None:
    page.goto(SETTINGS)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_g_and_a_letter_go_to_a_page(page: Page) -> None:
    page.goto(SETTINGS)
    page.keyboard.press("g")
    page.keyboard.press("y")
    expect(page).to_have_url(re.compile("/system/$"))


def test_the_help_lists_the_shortcuts_and_can_switch_them_off(page: Page) -> None:
    page.goto(SETTINGS)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_contain_text("Models")
    dialog.get_by_label("Single-key shortcuts in this browser").uncheck()
    dialog.get_by_role("button", name="Close").click()
    page.keyboard.press("?")
    expect(dialog).to_be_hidden()
    page.reload()
    page.keyboard.press("t")
    expect(page.locator("html")).not_to_have_attribute("data-theme", "light")


def test_keys_typed_into_a_field_are_text(page: Page) -> None:
    page.goto("/settings/diagnostics/")
    page.get_by_label("Another logger's name").press_sequentially("t?g")
    expect(page.get_by_label("Another logger's name")).to_have_value("t?g")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()


def test_somebody_logs_out_from_the_account_menu(page: Page) -> None:
    """Of a session of its own: the others go on with theirs."""
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.goto(SETTINGS)
    page.get_by_role("button", name="mira").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in", level=1)).to_be_visible()


def test_times_are_shown_in_the_zone_of_the_browser(page: Page) -> None:
    page.goto(SETTINGS)
    text = page.evaluate(f"{LOCAL_TIME}.then((m) => m.localTime(new Date(2026, 10, 4, 9, 5)))")
    assert text == "2026-11-04 09:05"


def test_what_is_printed_is_the_content_alone(page: Page) -> None:
    page.goto(SETTINGS)
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    expect(page.get_by_role("heading", name="Scanning")).to_be_visible()


ADD_LINK = """() => {
  const link = document.createElement("button");
  link.textContent = "go on";
  link.setAttribute("hx-get", "/settings/memory/");
  link.setAttribute("hx-target", "#main");
  link.setAttribute("hx-push-url", "/settings/memory/");
  document.getElementById("main").append(link);
  htmx.process(link);
}"""


def test_after_a_swap_that_is_a_new_page_the_heading_has_the_focus(page: Page) -> None:
    page.goto(SETTINGS)
    page.evaluate(ADD_LINK)
    page.get_by_role("button", name="go on").click()
    expect(page.get_by_label("Keep free")).to_be_visible()
    expect(page).to_have_url(re.compile("/settings/memory/$"))
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_focused()
