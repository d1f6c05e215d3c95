"""A new user's first minute: the link of the terminal, an account, a folder, its models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import (
    Server,
    accessibility_problems,
    is_wider_than_the_window,
    start,
    watch,
)
from tests.fakes.gguf_models import llama_like

pytestmark = pytest.mark.browser


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Server]:
    """An installation that nobody has opened yet, and a folder with two models."""
    home = tmp_path / "home"
    (home / "models" / "small").mkdir(parents=True)
    llama_like(home / "models" / "tiny-llama-Q4_K_M.gguf", name="Tiny Llama")
    llama_like(home / "models" / "small" / "other.gguf", name="Other")
    yield from start(tmp_path / "data", home)


def looks_right(page: Page) -> None:
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert accessibility_problems(page) == []
        assert not is_wider_than_the_window(page)


def test_from_the_link_to_the_models(browser: Browser, fresh: Server) -> None:
    page = browser.new_page(base_url=fresh.url)
    complaints = watch(page, fresh.url)

    page.goto("/")
    expect(page.get_by_role("heading", name="The setup link is needed")).to_be_visible()
    looks_right(page)

    page.goto(f"/setup/?token={fresh.token}")
    looks_right(page)
    page.get_by_label("Name").fill("sam")
    page.get_by_label("Password", exact=True).fill("12345678")
    page.get_by_label("Password again").fill("12345678")
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_text("too common")).to_be_visible()
    looks_right(page)
    page.get_by_label("Password", exact=True).fill("a long and rare one 7")
    page.get_by_label("Password again").fill("a long and rare one 7")
    page.get_by_role("button", name="Make the account").click()

    expect(page.get_by_role("heading", name="Where are your models?")).to_be_visible()
    page.get_by_role("link", name="models/").click()
    expect(page.get_by_role("link", name="small/")).to_be_visible()
    page.get_by_role("link", name="Choose this folder").click()
    expect(page.get_by_text("found 2 .gguf files")).to_be_visible()
    looks_right(page)
    page.get_by_role("button", name="Scan this folder").click()

    expect(page.get_by_role("heading", name="2 models found")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("rowheader", name="Tiny Llama")).to_be_visible()
    looks_right(page)
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("heading", name="2 models")).to_be_visible()
    page.get_by_role("link", name="See the models").click()
    expect(page.get_by_role("heading", name="Models", level=1)).to_be_visible()
    assert not complaints
    page.close()


def test_a_path_is_judged_while_it_is_typed(page: Page) -> None:
    page.goto("/setup/folder/")
    page.get_by_label("Folder").press_sequentially("/no/such/folder")
    expect(page.get_by_text("/no/such/folder does not exist")).to_be_visible()
    expect(page.get_by_label("Folder")).to_be_focused()
