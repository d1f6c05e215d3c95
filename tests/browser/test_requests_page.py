"""Requests and keys from the pages alone, with the real embedded engine behind the gateway."""

from __future__ import annotations

import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, accessibility_problems, is_wider_than_the_window

pytestmark = pytest.mark.browser
SOON = 60_000.0  # ms; the first start of a process reads its libraries
FORGET = """
import time
from engine_app import control
from engine_app.models import Engine
control.unload_all()
for _ in range(300):
    if not Engine.objects.alive().exists():
        break
    time.sleep(0.1)
Engine.objects.all().delete()
"""


@pytest.fixture(scope="module", autouse=True)
def models(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("for-requests") / "models"
    server.manage("make_demo_models", str(folder))
    server.manage("scan_models", str(folder), "--json")
    yield
    server.manage("shell", "-v0", "-c", FORGET)


class Asking:
    """A program that has something long told to it."""

    def __init__(self, server: Server, n_tokens: int) -> None:
        said = {
            "model": "tiny-slow", "stream": True, "ignore_eos": True, "max_tokens": n_tokens,
            "messages": [{"role": "user", "content": "hi"}],
        }  # fmt: skip
        self._request = urllib.request.Request(  # noqa: S310
            f"{server.url}/v1/chat/completions",
            json.dumps(said).encode(),
            {"Content-Type": "application/json"},
        )
        self._told = b""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            with urllib.request.urlopen(self._request, timeout=120) as answer:  # noqa: S310
                self._told = answer.read()
        except urllib.error.HTTPError as error:
            self._told = error.read()

    def told(self) -> bytes:
        self._thread.join(120)
        return self._told


def test_a_request_is_seen_while_it_runs_and_cancelled(page: Page, server: Server) -> None:
    page.goto("/requests/")
    asking = Asking(server, 5_000)
    row = page.locator("#in-flight tr", has_text="tiny-slow")
    expect(row.locator(".stat")).to_have_text("answering", timeout=SOON)
    page.evaluate("window.stays = true")
    row.get_by_role("button", name=re.compile("Cancel")).click()
    assert b"cancelled by an administrator" in asking.told().splitlines()[-2]
    expect(page.locator("#toasts")).to_contain_text("was cancelled.")
    expect(row).to_have_count(0)
    ended = page.locator("#list tr", has_text="tiny-slow").first
    expect(ended.locator(".stat")).to_contain_text("cancelled")
    assert page.evaluate("window.stays")
    ended.get_by_role("link").first.click()
    expect(page.get_by_role("alert")).to_contain_text("cancelled by an administrator")
    expect(page.locator("main")).to_contain_text("Where the time went")


def test_a_key_is_made_copied_and_used(page: Page, server: Server) -> None:
    page.goto("/keys/")
    page.get_by_role("link", name="Make a key").first.click()
    page.get_by_label("Name").fill("ci-review")
    page.get_by_label("Requests a minute").fill("60")
    page.get_by_role("button", name="Make the key").click()
    text = page.locator("#secret").inner_text().strip()
    request = urllib.request.Request(  # noqa: S310
        f"{server.url}/v1/models", headers={"Authorization": f"Bearer {text}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        assert answer.status == 200
    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("link", name="ci-review").click()
    expect(page.get_by_label("Requests a minute")).to_have_value("60")
    page.get_by_role("button", name="Revoke").click()
    expect(page.locator("header")).to_contain_text("revoked")


def test_filters_stand_in_the_address_and_the_pages_fit(page: Page, server: Server) -> None:
    assert b"[DONE]" in Asking(server, 3).told()
    page.goto("/requests/")
    page.get_by_label("What became of it").select_option("client_gone")
    expect(page).to_have_url(re.compile("outcome=client_gone"))
    expect(page.locator("#list")).to_contain_text("No request matches")
    page.get_by_role("link", name="Show all").click()
    detail = page.locator("#list td a").first.get_attribute("href", timeout=SOON) or ""
    for theme in ("light", "dark"):
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=theme)
            for each in ("/requests/", detail, "/keys/", "/keys/new/"):
                page.goto(each)
                assert accessibility_problems(page) == [], each
                assert not is_wider_than_the_window(page), each
