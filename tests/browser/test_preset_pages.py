from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Server, accessibility_problems, is_wider_than_the_window

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module", autouse=True)
def models(server: Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("for-presets") / "models"
    server.manage("make_demo_models", str(folder))
    server.manage("scan_models", str(folder), "--json")


@pytest.fixture
def page(page: Page) -> Page:
    """A dialog would mean that a hostile text ran."""
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    return page


@pytest.fixture
def preset(server: Server, tmp_path: Path) -> Iterator[str]:
    """The address of one with a hostile name and note."""
    file = tmp_path / "presets.json"
    options = {"ctx-size": 4096, "temp": 0.5}
    file.write_text(json.dumps([{"name": HOSTILE.replace("=", ""), "options": options}]))
    server.manage("import_config", str(file))
    find = "from engine_app.models import Preset; print(Preset.objects.named().last().pk)"
    number = server.manage("shell", "-v0", "-c", find).strip()
    yield f"/presets/{number}/"
    server.manage(
        "shell",
        "-v0",
        "-c",
        "from engine_app.models import Preset; Preset.objects.named().delete()",
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_pages_are_accessible_and_fit(page: Page, preset: str, width: int, theme: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    addresses = ("/presets/", "/presets/new/", "/presets/import/", preset, f"{preset}compare/")
    for address in addresses:
        page.goto(address)
        assert accessibility_problems(page) == [], address
        assert not is_wider_than_the_window(page), address


def test_what_is_typed_leads_at_once_to_command_and_memory(page: Page) -> None:
    page.goto("/presets/new/")
    page.locator("#model").select_option(label="tiny-chat F16")
    expect(page.locator("#leads-to")).to_contain_text("Yes, on")
    page.get_by_label("Context", exact=True).fill("2,048")
    expect(page.locator("pre.cmd")).to_contain_text("--ctx-size 2048")
    page.get_by_label("Slots", exact=True).fill("many")
    expect(page.locator("#leads-to")).to_contain_text("Slots: Give a whole number")
    expect(page.get_by_label("Slots", exact=True)).to_be_focused()


def test_a_preset_is_made_corrected_copied_and_deleted(page: Page) -> None:
    page.goto("/presets/new/?template=code")
    page.get_by_label("Name", exact=True).fill("my coder")
    page.get_by_label("More arguments").fill("--tools all")
    page.get_by_role("button", name="Save preset").click()
    expect(page.get_by_role("alert").first).to_contain_text("1 value to correct")
    page.get_by_label("More arguments").fill("--swa-full")
    page.get_by_role("button", name="Save preset").click()
    expect(page.locator("h1")).to_have_text("my coder")
    expect(page.locator("#o-swa-full")).to_have_value("on")
    page.get_by_role("button", name="Duplicate").click()
    expect(page.locator("h1")).to_have_text("my coder 2")
    for _ in range(2):
        page.locator(".sure summary").click()
        page.get_by_role("button", name="Delete this preset").click()
        expect(page).to_have_url(re.compile(r"/presets/$"))
        if page.get_by_role("link", name="my coder", exact=True).count():
            page.get_by_role("link", name="my coder", exact=True).click()
    expect(page.get_by_text("No preset yet")).to_be_visible()


def test_a_pasted_command_is_shown_and_imported(page: Page) -> None:
    page.goto("/presets/import/")
    page.get_by_label("Paste").fill("llama-server -c 512 --tools all")
    page.get_by_label("Name, for a command").fill("pasted")
    page.get_by_role("button", name="Show what would change").click()
    expect(page.locator("table")).to_contain_text("run programs on this machine")
    page.get_by_role("button", name="Import 1 preset").click()
    page.get_by_role("link", name="pasted").click()
    expect(page.get_by_label("Context", exact=True)).to_have_value("512")
    page.locator(".sure summary").click()
    page.get_by_role("button", name="Delete this preset").click()
    expect(page.get_by_text("No preset yet")).to_be_visible()


def test_without_scripts_the_form_computes_and_saves(
    browser: Browser, server: Server, cookies: object
) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=server.url)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/presets/new/?template=chat")
    page.get_by_label("Name", exact=True).fill("plain")
    page.get_by_label("Context", exact=True).fill("1,024")
    page.get_by_role("button", name="Compute without saving").click()
    expect(page.locator("pre.cmd")).to_contain_text("--ctx-size 1024")
    page.get_by_role("button", name="Save preset").click()
    expect(page.locator("h1")).to_have_text("plain")
    page.locator(".sure summary").click()
    page.get_by_role("button", name="Delete this preset").click()
    expect(page.get_by_text("No preset yet")).to_be_visible()
    context.close()


def test_g_and_p_lead_to_the_presets(page: Page) -> None:
    page.goto("/models/")
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page).to_have_url(re.compile(r"/presets/$"))


def test_two_who_change_one_preset_see_each_others_values(page: Page, preset: str) -> None:
    page.goto(preset)
    page.get_by_label("Temperature", exact=True).fill("0.7")
    other = page.context.new_page()
    other.goto(preset)
    other.get_by_label("Temperature", exact=True).fill("0.3")
    other.get_by_role("button", name="Save preset").click()
    expect(other.get_by_text("saved.")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 800})
    page.get_by_role("button", name="Save preset").click()
    row = page.get_by_role("row", name="Temperature")
    expect(row).to_contain_text("0.7")
    expect(row).to_contain_text("0.3")
    assert accessibility_problems(page) == []
    assert not is_wider_than_the_window(page)
    page.get_by_role("button", name="Save preset").click()
    expect(page.get_by_text("saved.")).to_be_visible()
    expect(page.get_by_label("Temperature", exact=True)).to_have_value("0.7")
