"""Attaching a router, and loading a model on it, in the browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Server, accessibility_problems, is_wider_than_the_window
from tests.fakes import attached

pytestmark = pytest.mark.browser
FORGET = "from engine_app.models import AttachedServer; AttachedServer.objects.all().delete()"
HOSTILE = "<img/src=x/onerror=alert(1)>"


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[attached.Server]:
    folder = tmp_path_factory.mktemp("router")
    orders = (
        "model tiny-chat tiny",
        f"model {HOSTILE}",
        "broken broken-one",
        "load 1",
        "key sesame",
    )
    with attached.running(folder, *orders) as found:
        yield found


@pytest.fixture
def page(page: Page) -> Page:
    """A dialog would mean that a hostile text ran."""
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    return page


@pytest.fixture
def server_page(server: Server, router: attached.Server) -> Iterator[str]:
    """The address of the page of a router that is attached."""
    server.manage("shell", "-v0", "-c", FORGET)
    attach = (
        "from engine_app.attached.control import attach, wanted;"
        f"print(attach(wanted('Forge', {router.url!r}, 'sesame')).get_absolute_url())"
    )
    yield server.manage("shell", "-v0", "-c", attach).strip()
    server.manage("shell", "-v0", "-c", FORGET)


def test_a_router_is_attached_and_a_model_loaded_without_a_reload(
    page: Page, server: Server, router: attached.Server
) -> None:
    page.goto("/engines/attach/")
    page.get_by_label("Address").fill("127.0.0.1:9")
    page.get_by_role("button", name="Check and attach").click()
    expect(page.get_by_role("alert")).to_contain_text("Connection refused")
    page.get_by_label("Address").fill(router.url)
    page.get_by_label("Name").fill("Forge")
    page.get_by_role("button", name="Check and attach").click()
    expect(page.locator("#key-err")).to_have_text("It wants a key.")
    expect(page.get_by_label("Name")).to_have_value("Forge")
    page.get_by_label("Key", exact=True).fill("sesame")
    page.get_by_role("button", name="Check and attach").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Forge")

    row = page.get_by_role("row", name="tiny-chat")
    expect(row).to_contain_text("unloaded")
    expect(page.locator("#now")).to_contain_text("router")
    page.evaluate("document.body.dataset.same = 'yes'")
    row.get_by_role("button", name="Load").click()
    expect(row.locator(".st")).to_contain_text("loading")
    expect(row.locator(".st")).to_have_text("loaded")
    expect(row.locator("live-value").first).to_have_text("10.0", timeout=20_000)
    row.get_by_role("button", name="Unload").click()
    expect(row.locator(".st")).to_have_text("unloaded")

    broken = page.get_by_role("row", name="broken-one")
    broken.get_by_role("button", name="Load").click()
    expect(broken).to_contain_text("its process ended with the code 1")
    assert page.evaluate("document.body.dataset.same") == "yes"

    page.get_by_text("Detach", exact=True).click()
    page.get_by_role("button", name="Detach this server").click()
    expect(page).to_have_url(f"{server.url}/engines/")


def test_a_server_that_dies_is_seen_to_be_away(
    page: Page, server_page: str, router: attached.Server
) -> None:
    page.goto(server_page)
    expect(page.locator("#now .rail .st").first).to_have_text("reachable")
    router.stop()
    try:
        expect(page.locator("#now .rail .st").first).to_have_text("unreachable", timeout=15_000)
        expect(page.locator("#now")).to_contain_text("Connection refused")
        expect(page.get_by_role("row", name="tiny-chat")).to_contain_text("unknown")
        expect(page.get_by_role("button", name="Load")).to_have_count(0)
    finally:
        router.start()


def test_without_a_script_a_model_is_loaded_all_the_same(
    browser: Browser, server: Server, cookies: list[dict[str, object]], server_page: str
) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=server.url)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(server_page)
    for _ in range(50):
        if page.get_by_role("button", name="Load tiny-chat").count():
            break
        page.reload()
    page.get_by_role("button", name="Load tiny-chat").click()
    for _ in range(50):
        if page.get_by_role("button", name="Unload tiny-chat").count():
            break
        page.reload()
    page.get_by_role("button", name="Unload tiny-chat").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Forge")
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_its_pages_are_accessible_and_fit(
    page: Page, server_page: str, theme: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    for address in (server_page, f"{server_page}change/", "/engines/attach/", "/engines/router/"):
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert not is_wider_than_the_window(page)
        assert accessibility_problems(page) == []
