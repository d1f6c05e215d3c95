from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import NAME, PASSWORD, Server

pytestmark = pytest.mark.browser
SCANNING = "/settings/scanning/"


def test_a_wrong_value_is_told_at_its_field_without_a_new_page(page: Page) -> None:
    page.goto(SCANNING)
    page.evaluate("window.isStillThisPage = true")
    readers = page.get_by_label("Readers")
    readers.evaluate("input => input.removeAttribute('max')")  # as another browser may allow it
    readers.fill("99")
    page.get_by_role("button", name="Save").click()
    error = page.get_by_text("Give a whole number from 1 to 32.")
    expect(error).to_be_visible()
    expect(page.get_by_label("Readers")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Readers")).to_have_value("99")
    assert page.evaluate("window.isStillThisPage")


def test_a_saved_section_says_so_and_the_message_can_be_dismissed(page: Page) -> None:
    page.goto(SCANNING)
    page.get_by_label("Wait for writers").fill("3")
    page.get_by_role("button", name="Save").click()
    message = page.get_by_role("status").filter(has_text="Scanning: saved.")
    expect(message).to_be_visible()
    message.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("Scanning: saved.")).to_be_hidden()
    page.get_by_role("button", name="Back to defaults").click()
    expect(page.get_by_label("Wait for writers")).to_have_value("2")


def test_settings_are_saved_without_scripts(
    context: BrowserContext, server: Server, page: Page
) -> None:
    assert context.browser is not None
    plain = context.browser.new_context(java_script_enabled=False, base_url=server.url)
    plain.add_cookies(context.cookies())  # type: ignore[arg-type]
    page = plain.new_page()
    page.goto("/settings/memory/")
    page.get_by_label("Context of estimates").fill("4096")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Memory: saved.")).to_be_visible()
    page.get_by_role("button", name="Back to defaults").click()
    expect(page.get_by_label("Context of estimates")).to_have_value("8192")
    plain.close()


def answer_with(status: int, body: str, page: Page) -> None:
    def refuse(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=status, body=body, content_type="text/html")
        else:
            route.continue_()

    page.route(f"**{SCANNING}", refuse)


def test_what_was_typed_stays_when_the_server_refuses_it(page: Page) -> None:
    page.goto(SCANNING)
    page.get_by_label("Readers").fill("8")
    page.locator("#section form").evaluate("form => form.setAttribute('hx-post', '/gone/')")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="Not found.")).to_be_visible()
    expect(page.get_by_label("Readers")).to_have_value("8")


def test_a_session_that_ended_leads_to_the_login_and_back(page: Page) -> None:
    page.goto(SCANNING)
    page.context.clear_cookies(name="llamadash_sessionid")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Log in", level=1)).to_be_visible()
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Scanning")).to_be_visible()


def test_a_failing_proxy_is_told(context: BrowserContext, server: Server) -> None:
    page = context.new_page()  # the strict page would take the 502 itself for a fault
    answer_with(502, "<h1>Bad Gateway</h1>", page)
    page.goto(f"{server.url}{SCANNING}")
    page.get_by_role("button", name="Save").click()
    alert = page.get_by_role("alert").filter(has_text="The server failed (502). Try again.")
    expect(alert).to_be_visible()
    expect(page.get_by_role("heading", name="Scanning")).to_be_visible()


def test_operations_are_sorted_by_their_heads(page: Page) -> None:
    page.goto("/system/")
    page.get_by_role("button", name="Calls").click()
    expect(page).to_have_url(f"{page.url.split('?')[0]}?sort=-count#operations")
    head = page.get_by_role("columnheader", name="Calls")
    expect(head).to_have_attribute("aria-sort", "descending")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
