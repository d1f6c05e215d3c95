from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Server, accessibility_problems, is_wider_than_the_window
from tests.browser.models_on_disk import HOSTILE_NAME, PLENTY

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def folder(models_folder: Path) -> Path:
    return models_folder


@pytest.fixture
def page(page: Page) -> Page:
    """A dialog would mean that a hostile text ran."""
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    return page


@pytest.fixture
def without_script(browser: Browser, server: Server, cookies: object) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False, base_url=server.url)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def names(page: Page) -> list[str]:
    return page.locator("#list a.name").all_inner_texts()


def address_of(page: Page, name: str) -> str:
    page.goto(f"/models/?q={name}")
    return page.locator("#list a.name").first.get_attribute("href") or ""


def test_typing_narrows_the_list_and_going_back_widens_it(page: Page) -> None:
    page.goto("/models/")
    page.keyboard.press("/")
    page.keyboard.type("alpha")
    expect(page).to_have_url(re.compile(r"/models/\?q=alpha$"))
    expect(page.locator("#shown")).to_contain_text("1 of")
    assert names(page) == ["Alpha 8B"]
    assert page.evaluate("document.activeElement.name") == "q"
    page.go_back()
    expect(page.locator("#list tbody tr")).to_have_count(50)
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_a_head_sorts_by_keyboard_and_keeps_the_filter(page: Page) -> None:
    page.goto("/models/?q=many")
    page.get_by_role("button", name="Size").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?q=many&sort=-size$"))
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Size")
    page.get_by_label("Search models").fill("alpha")
    expect(page).to_have_url(re.compile(r"\?q=alpha&sort=-size$"))


def test_the_next_page_and_back(page: Page) -> None:
    page.goto("/models/?q=many")
    page.get_by_role("link", name="Next 50").click()
    expect(page.locator("#list tbody tr")).to_have_count(PLENTY - 50)
    page.get_by_role("link", name="Previous 50").click()
    expect(page.locator("#list tbody tr")).to_have_count(50)


def test_a_star_is_set_in_place(page: Page) -> None:
    page.goto("/models/?q=beta")
    star = page.get_by_role("button", name="Favourite Beta")
    expect(star).to_have_attribute("aria-pressed", "false")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    page.reload()
    star.click()
    expect(star).to_have_attribute("aria-pressed", "false")


def test_a_star_keeps_the_focus(page: Page) -> None:
    page.goto("/models/?q=beta")
    star = page.get_by_role("button", name="Favourite Beta")
    for pressed in ("true", "false"):
        star.focus()
        page.keyboard.press("Enter")
        expect(star).to_have_attribute("aria-pressed", pressed)
        expect(star).to_be_focused()


def test_rows_are_walked_by_keys(page: Page) -> None:
    page.goto("/models/?q=many")
    links = page.locator("#list a.name")
    for key, at in (("j", 0), ("j", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(links.nth(at)).to_be_focused()
    page.keyboard.press("Escape")
    expect(links.first).not_to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Many 00")


def test_keys_that_walk_rows_are_letters_in_a_field(page: Page) -> None:
    page.goto("/models/")
    page.get_by_label("Search models").press_sequentially("jk")
    expect(page).to_have_url(re.compile(r"\?q=jk$"))


def test_the_command_is_copied(page: Page, context: BrowserContext, folder: Path) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(address_of(page, "alpha"))
    page.get_by_label("Context").fill("4096")
    expect(page.locator("pre.cmd")).to_contain_text("--ctx-size 4096")
    page.get_by_role("button", name="copy llama-server command").click()
    expect(page.get_by_role("button", name="copied llama-server command")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("pre.cmd").inner_text()


def test_an_error_page_has_something_to_report(page: Page, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/models/export/csv/?kind=chatt")  # a page, and not a file
    expect(page.locator("main")).to_contain_text("kind: must be one of")
    page.locator("summary", has_text="Diagnostics").click()
    page.get_by_role("button", name="copy diagnostics").click()
    expect(page.get_by_role("button", name="copied diagnostics")).to_be_visible()
    assert "status: 400" in page.evaluate("navigator.clipboard.readText()")


def test_lists_work_without_script(without_script: Page) -> None:
    page = without_script
    page.goto("/models/")
    page.get_by_label("Search models").fill("beta")
    page.keyboard.press("Enter")
    expect(page.locator("#list a.name")).to_have_text(["Beta"])
    page.get_by_role("button", name="Quantization").click()
    expect(page).to_have_url(re.compile("q=beta.*sort=quant|sort=quant.*q=beta"))
    page.get_by_role("button", name="Favourite Beta").click()
    expect(page.get_by_role("button", name="Favourite Beta")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_role("button", name="Favourite Beta").click()


def test_the_memory_form_works_without_script(without_script: Page) -> None:
    page = without_script
    page.goto(address_of(page, "alpha"))
    page.get_by_label("Context").fill("4,096")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Context")).to_have_value("4,096")
    expect(page.locator("#h-v")).to_contain_text(re.compile("Yes|No"))


def test_the_memory_answer_follows_the_form(page: Page) -> None:
    page.goto(address_of(page, "alpha"))
    before = page.locator("table.need").inner_text()
    page.get_by_label("Slots").fill("4")
    expect(page.locator("#parallel-hint")).to_have_text("2,048 tokens each")
    page.get_by_label("Context").fill("16384")
    expect(page).to_have_url(re.compile("ctx=16384&parallel=4"))
    expect(page.locator("table.need")).not_to_have_text(before)
    page.get_by_label("Context").fill("many")
    expect(page.locator("#ctx-hint")).to_have_text("Enter a whole number.")
    page.get_by_label("Context").fill("8192")
    expect(page.locator("#h-v")).to_contain_text(re.compile("Yes|No"))


@pytest.mark.parametrize("tab", ["", "overview/", "files/"])
def test_a_model_that_means_harm_is_only_text(page: Page, tab: str) -> None:
    page.goto("/models/?q=hostile")
    assert names(page) == [HOSTILE_NAME]
    page.goto(f"{address_of(page, 'hostile')}{tab}")
    page.get_by_text("Chat template").click()
    expect(page.locator("details pre")).to_contain_text("{{ 7|add:7 }}{% now 'Y' %}")
    expect(page.locator("h1")).to_have_text(HOSTILE_NAME)
    assert page.locator("main img, main script").count() == 0


def test_a_broken_file_says_what_it_is(page: Page) -> None:
    page.goto("/models/problems/")
    row = page.get_by_role("row").filter(has_text="web page.gguf")
    expect(row).to_contain_text("invalid")
    expect(row).to_contain_text("HTML")


def test_a_path_is_copied(page: Page, context: BrowserContext, folder: Path) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{address_of(page, 'alpha')}files/")
    page.get_by_role("button", name="copy the path").click()
    expect(page.get_by_role("button", name="copied the path")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == str(folder / "alpha-8b.gguf")


def test_metadata_is_searched_in_place(page: Page) -> None:
    page.goto(f"{address_of(page, 'alpha')}overview/")
    page.get_by_label("Search keys and values").fill("head_count_kv")
    expect(page.locator("#metadata tbody tr")).to_have_count(1)


def test_names_and_notes_are_kept(page: Page) -> None:
    page.goto(f"{address_of(page, 'beta')}overview/")
    page.get_by_label("Tags").fill("violet")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("Saved.")
    page.goto("/models/?q=violet")
    assert names(page) == ["Beta"]


def test_a_scan_is_started_watched_and_shown(page: Page, folder: Path) -> None:
    page.goto("/models/?q=beta")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Scan now").click()
    button = page.locator("#scan-now button")
    expect(button).to_have_text(re.compile("Waiting|Scanning"))
    expect(button).to_have_text("Scan now", timeout=20_000)
    expect(button).to_be_enabled()
    expect(page.locator("#scan-now")).to_contain_text("scanned")
    expect(page.locator("#scan[hx-get]")).to_have_count(0)


def test_the_list_is_read_again_when_a_scan_has_found_something(page: Page, folder: Path) -> None:
    hidden = folder.parent / "elsewhere.gguf"
    (folder / "many-00.gguf").rename(hidden)
    page.goto("/models/?q=many+00")
    page.get_by_role("button", name="Scan now").click()
    expect(page.locator("#list")).to_contain_text("No model matches", timeout=20_000)
    fewer = page.locator("#tabs a").first.inner_text()
    expect(page.locator("#tabs")).to_contain_text(f"Models {page.locator('#note-m').inner_text()}")
    hidden.rename(folder / "many-00.gguf")
    page.get_by_role("button", name="Scan now").click()
    expect(page.locator("#list")).to_contain_text("Many 00", timeout=20_000)
    expect(page.locator("#tabs a").first).not_to_have_text(fewer)
    expect(page.locator("#sub")).to_contain_text(page.locator("#note-m").inner_text())


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_a_page_is_accessible_and_fits(page: Page, width: int, theme: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    model = address_of(page, "hostile")
    tabs = (model, f"{model}overview/", f"{model}files/")
    lists = ("/models/", "/models/?q=nothing", "/models/problems/", "/models/folders/?look=1")
    for address in (*lists, *tabs):
        page.goto(address)
        assert accessibility_problems(page) == [], address
        assert not is_wider_than_the_window(page), address


@pytest.mark.parametrize("table", ["llamamodel", "modelfile", "modelroot", "modelalias", "scanrun"])
def test_the_admin_works_under_the_content_security_policy(page: Page, table: str) -> None:
    page.goto(f"/admin/models_app/{table}/")
    expect(page.locator("#changelist")).to_be_visible()
    first = page.locator("#result_list tbody th a")
    if first.count():
        first.first.click()
        expect(page.locator("#content h1")).to_be_visible()
