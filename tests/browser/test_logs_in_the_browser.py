from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, accessibility_problems, is_wider_than_the_window

pytestmark = pytest.mark.browser
ENGINE = "engine.7"
ADDRESS = f"/logs/?source={ENGINE}"
PAYLOAD = "<img src=x onerror=alert(1)> \x1b[32mgreen\x1b[0m"


def print_lines(server: Server, *texts: str, source: str = ENGINE) -> None:
    """As the child of the source does; the server reads them within a moment."""
    lines = "".join(f"0.00.001.695 I srv  {text}\n" for text in texts)
    program = (
        f"from tests.logs import print_as_child;print_as_child({source!r}, {lines!r}.encode())"
    )
    server.manage("shell", "-v0", "-c", program)


@pytest.fixture(scope="module", autouse=True)
def some_lines(server: Server) -> None:
    print_lines(server, *(f"line {number}" for number in range(500)), PAYLOAD)
    warning = "from logs_app.lifecycle import note;note('engine.8', 'error', 'engine 8 failed')"
    server.manage("shell", "-v0", "-c", warning)


@pytest.fixture
def page(page: Page) -> Page:
    """A dialog would mean that a hostile text ran."""
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    return page


def open_log(page: Page, address: str = ADDRESS) -> None:
    page.goto(address)
    expect(page.locator(".ln").first).to_be_attached()


def test_new_lines_come_by_themselves_and_the_end_is_followed(page: Page, server: Server) -> None:
    open_log(page)
    print_lines(server, f"fresh {PAYLOAD}")
    line = page.locator(".ln", has_text="fresh")
    expect(line).to_be_in_viewport()
    expect(line.locator(".ag")).to_have_text("green")
    expect(line).to_contain_text("<img src=x onerror=alert(1)>")


def test_scrolling_up_stops_the_lines_and_a_button_counts_them(page: Page, server: Server) -> None:
    open_log(page)
    page.locator(".log").hover()
    page.mouse.wheel(0, -400)
    expect(page.get_by_text("paused by scrolling")).to_be_visible()
    top = page.evaluate("document.querySelector('.log').scrollTop")
    print_lines(server, "while paused 1", "while paused 2")
    button = page.get_by_role("button", name="2 new lines")
    expect(button).to_be_visible()
    assert page.evaluate("document.querySelector('.log').scrollTop") == top
    assert page.locator(".ln", has_text="while paused").count() == 0
    button.click()
    expect(page.locator(".ln", has_text="while paused 2").last).to_be_in_viewport()
    expect(button).to_be_hidden()


def test_typing_searches_and_the_address_is_kept(page: Page) -> None:
    open_log(page)
    page.get_by_role("searchbox").fill("line 49")
    expect(page.locator("mark").first).to_have_text("line 49")
    expect(page.locator(".ln")).to_have_count(11)
    expect(page).to_have_url(re.compile(r"q=line\+49"))
    page.get_by_label("Regular expression").check()
    page.get_by_role("searchbox").fill("line 49$")
    expect(page.locator(".ln")).to_have_count(1)
    page.get_by_role("searchbox").fill("line (")
    expect(page.get_by_role("alert")).to_contain_text("cannot be read")


def test_a_line_has_an_address_of_its_own(page: Page) -> None:
    open_log(page, f"{ADDRESS}&q=line+250")
    page.locator("a.at").click()
    line = page.locator(".ln:target")
    expect(line).to_contain_text("line 250")
    expect(line).to_be_in_viewport()
    expect(page.get_by_role("searchbox")).to_be_in_viewport()


def test_the_wish_not_to_wrap_is_remembered(page: Page) -> None:
    open_log(page)
    button = page.get_by_role("button", name="Wrap")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    page.reload()
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".log")).not_to_have_class(re.compile(r"\bwrap\b"))
    button.click()


def test_the_number_of_lines_on_the_page_is_bounded(page: Page, server: Server) -> None:
    # Asked for, all lines come; the socket leaves out what comes too fast.
    page.route_web_socket(re.compile("/ws/"), lambda socket: socket.close())
    open_log(page)
    print_lines(server, *(f"many {number}" for number in range(2500)))
    expect(page.locator(".ln", has_text="many 2499")).to_be_attached(timeout=20_000)
    assert 1900 <= page.locator(".ln").count() <= 2050


def test_the_page_works_without_scripts(page: Page, server: Server) -> None:
    answer = page.request.get(ADDRESS)
    assert "Look again" in answer.text()
    assert "0.00.001.695 I srv" in answer.text()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_is_accessible_and_fits(page: Page, width: int, theme: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    for address in (ADDRESS, f"{ADDRESS}&q=green", "/logs/?source=all", "/logs/?source=app"):
        open_log(page, address)
        assert accessibility_problems(page) == [], address
        assert not is_wider_than_the_window(page), address
