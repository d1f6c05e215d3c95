"""The real server with a data directory of its own, and a page that forgives nothing.

A test fails on console errors, page errors, violations of the content security policy and requests
to anywhere but the server.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from tests.browser.models_on_disk import PLENTY, write_models
from tests.fakes.migrated import migrated
from tests.requirements_here import need

TOP = Path(__file__).resolve().parents[2]
NAME, PASSWORD = "mira", "correct horse 7"
LINK = re.compile(rb"(http://127\.0\.0\.1:\d+)/setup/\?token=([\w-]+)")
AXE = Path(__file__).with_name("vendor") / "axe-4.14.1.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    token: str
    environment: dict[str, str]

    def manage(self, *command: str) -> str:
        """Runs a management command on the server's data; what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=TOP,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout


def start(data: Path, home: Path) -> Iterator[Server]:
    """Serves on a free port until the caller is done with it."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        "LLAMADASH_DATA_DIR": str(migrated(data)),
        "LLAMADASH_NODE": "testbench",
        "HOME": str(home),
    }
    log = (data.parent / f"{data.name}.log").open("w+b")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", "0"],
        cwd=TOP,
        env=environment,
        stdout=log,
        stderr=log,
    )
    try:
        url, token = wait_for_link(process, Path(log.name))
        yield Server(url, token, environment)
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def wait_for_link(process: subprocess.Popen[bytes], log: Path) -> tuple[str, str]:
    for _ in range(600):
        if found := LINK.search(log.read_bytes()):
            return found[1].decode(), found[2].decode()
        try:
            process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    pytest.fail(f"the server did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    need(CHROMIUM is not None, "browser tests need Chromium (apt-get install chromium)")
    arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": arguments}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    need(CHROMIUM is not None, "browser tests need Chromium (apt-get install chromium)")
    top = tmp_path_factory.mktemp("browser")
    (top / "home").mkdir()
    for server in start(top / "data", top / "home"):
        make_admin = (
            "from django.contrib.auth.models import User;"
            f"User.objects.create_superuser({NAME!r}, '', {PASSWORD!r})"
        )
        server.manage("shell", "-v0", "-c", make_admin)
        yield server


@pytest.fixture(scope="session")
def models_folder(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one folder of models that the server knows, scanned."""
    folder = tmp_path_factory.mktemp("on-disk") / "models"
    write_models(folder)
    report = json.loads(server.manage("scan_models", str(folder), "--json"))
    assert report["models"] == PLENTY + 4
    return folder


@pytest.fixture(scope="session")
def cookies(browser: Browser, server: Server) -> Any:
    """Of a session that was logged in through the page, once."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/accounts/login/")
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "/accounts/" not in url)
    kept = context.cookies()
    context.close()
    return kept


@pytest.fixture
def context(browser: Browser, server: Server, cookies: Any) -> Iterator[BrowserContext]:
    """Logged in; a test may change size and theme of what it opens."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=server.url)
    context.add_cookies(cookies)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    page = context.new_page()
    complaints = watch(page, server.url)
    yield page
    assert not complaints


def watch(page: Page, url: str) -> list[str]:
    """What must not happen on a page; the list fills while the page lives."""
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        # Answers of 4xx are shown by the browser as errors; tests of them are meant.
        text = message.text
        refused = text.startswith("Failed to load resource") and " 4" in text
        refused |= text.startswith("WebSocket connection") and "response code: 4" in text
        if message.type in ("error", "warning") and not refused:
            complaints.append(f"{message.type}: {message.text}")

    def on_request(request: Request) -> None:
        if not request.url.startswith((url, "data:", "blob:")):
            complaints.append(f"external request: {request.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
    page.on("request", on_request)
    return complaints


def accessibility_problems(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA and good practice."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['html'][:200]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def is_wider_than_the_window(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
