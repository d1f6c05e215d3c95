"""Engines from the pages alone, with the real embedded engine: start, figures, log, crash, stop."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from engine_app.pages.engine_look import look
from tests.browser.conftest import Server, accessibility_problems, is_wider_than_the_window
from tests.browser.live_feed import module

pytestmark = pytest.mark.browser
VECTORS = Path(__file__).parents[1] / "unit/engine_app/engine_look_vectors.json"
SOON = 60_000.0  # ms; the first start of a process reads its libraries
MARK = "window.stays = true"


@pytest.fixture(scope="module", autouse=True)
def models(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("for-engines") / "models"
    server.manage("make_demo_models", str(folder))
    server.manage("scan_models", str(folder), "--json")
    yield
    server.manage("shell", "-v0", "-c", FORGET)


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


@pytest.fixture
def page(page: Page, server: Server) -> Iterator[Page]:
    """A dialog would mean that a hostile text ran. No engine is there before or after."""
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    yield page
    server.manage("shell", "-v0", "-c", FORGET)


def start(page: Page, name: str = "tiny-chat") -> str:
    """From the page of starts, until it serves; the address of its page."""
    page.goto("/engines/start/")
    page.get_by_label("Find").fill(name)
    page.get_by_role("button", name=f"Start {name}").click()
    expect(page.locator("#acts engine-state")).to_have_text("running", timeout=SOON)
    return page.url


def chip(page: Page, name: str) -> str:
    return f"main tr:has(a.name:text-is('{name}')) engine-state"


def ask(server: Server, number: int, port: int, n_tokens: int) -> None:
    """As a program does that knows the engine's key."""
    key = Path(server.environment["LLAMADASH_DATA_DIR"], "engines", str(number), "key").read_text()
    body = {"prompt": "once", "n_predict": n_tokens, "ignore_eos": True}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/completion",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        answer.read()


def port_of(page: Page) -> int:
    process = page.locator("#process")  # drawn again, a moment after the state has changed
    expect(process).to_contain_text(re.compile(r"port \d"), timeout=SOON)
    found = re.search(r"port (\d+)", process.inner_text())
    assert found is not None
    return int(found[1])


def test_a_model_is_started_watched_asked_and_stopped(page: Page, server: Server) -> None:
    page.goto("/engines/")
    page.get_by_role("link", name="Start a model").click()
    page.get_by_label("Find").fill("tiny-chat")
    expect(page.locator("#answer h2").first).to_have_text("tiny-chat")
    expect(page.locator("#answer")).to_contain_text("--ctx-size")
    page.get_by_role("button", name="Start tiny-chat").click()
    page.wait_for_url(re.compile(r"/engines/\d+/$"))
    page.evaluate(MARK)
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url) if "part=says" in each.url else None)
    state = page.locator("#acts engine-state")
    expect(state).to_have_text("running", timeout=SOON)
    expect(page.locator("#process")).to_contain_text("pid")
    expect(page.locator("#says")).to_contain_text("tokens", timeout=SOON)
    expect(page.get_by_role("button", name="Stop tiny-chat")).to_be_visible()
    expect(page.locator("#last-start")).to_contain_text("spawn")  # too quick to be seen loading
    expect(page.locator(".ln", has_text="ready on port").first).to_be_attached()
    expect(page.locator("live-slots li").first).to_contain_text("slot 0", timeout=SOON)
    number = int(page.url.rstrip("/").rpartition("/")[2])
    ask(server, number, port_of(page), 400)
    used = page.locator("live-slots [data-part=used]").filter(has_text=re.compile(r"[1-9]"))
    expect(used.first).to_be_attached(timeout=SOON)
    assert page.evaluate("window.stays")
    assert len(asked) < 8  # with each change of its state, and not again and again
    page.get_by_role("button", name="Stop tiny-chat").click()
    expect(state).to_have_text("stopped", timeout=SOON)
    expect(page.get_by_role("button", name="Start tiny-chat")).to_be_visible()
    expect(page.locator("#runs")).to_contain_text("was stopped as asked")
    expect(page.get_by_role("link", name="Delete this engine")).to_be_visible()
    assert page.evaluate("window.stays")


def test_tokens_a_second_move_while_it_generates(page: Page, server: Server) -> None:
    address = start(page)
    number = int(address.rstrip("/").rpartition("/")[2])
    port = port_of(page)
    page.goto("/engines/")
    speed = page.locator(f"live-value[key='engine.{number}/tokens_per_second']")
    expect(speed).to_have_text(re.compile(r"^0\.0$"), timeout=SOON)
    for _ in range(20):
        ask(server, number, port, 300)
        if re.fullmatch(r"[\d,]*[1-9][\d,.]*", speed.inner_text()):
            break
    expect(speed).to_have_text(re.compile(r"[1-9]"), timeout=SOON)


def test_load_and_unload_stand_in_the_list_of_models(page: Page) -> None:
    page.goto("/models/?q=tiny-embed")
    page.evaluate(MARK)
    # Other tests of this server may have found a model of the same name since.
    page.get_by_role("button", name="Load tiny-embed", exact=True).first.click()
    expect(page.locator(chip(page, "tiny-embed")).first).to_have_text("running", timeout=SOON)
    expect(page.locator("tr:has(a.name:text-is('tiny-embed')) .sw").first).not_to_have_class(
        re.compile("off")
    )
    assert page.evaluate("window.stays")
    page.go_back()  # no step of its own for what the list asked by itself
    assert "/models/" not in page.url
    page.goto("/models/?q=tiny-embed")
    page.get_by_role("button", name="Unload tiny-embed").click()
    expect(page.get_by_role("button", name="Unload tiny-embed")).to_have_count(0, timeout=SOON)
    expect(page.get_by_role("button", name="Load tiny-embed", exact=True).first).to_be_visible()
    expect(page.locator(chip(page, "tiny-embed"))).to_have_count(0)


def test_the_dashboard_shows_what_another_page_has_started(page: Page, server: Server) -> None:
    page.goto("/")
    expect(page.get_by_text("No engine is running")).to_be_visible()
    expect(page.locator("live-status > span")).to_have_text("live")
    page.evaluate(MARK)
    begin = (
        "from engine_app import control;from models_app.models import LlamaModel;"
        "control.start(LlamaModel.objects.filter(name='tiny-chat').last())"
    )
    server.manage("shell", "-v0", "-c", begin)
    row = page.locator("#engines tr", has=page.get_by_role("link", name="tiny-chat"))
    expect(row.locator("engine-state")).to_have_text("running", timeout=SOON)
    expect(page.locator("#memory .key")).to_contain_text("tiny-chat")
    assert page.evaluate("window.stays")
    row.get_by_role("button", name="Stop tiny-chat").click()
    expect(page.get_by_text("No engine is running")).to_be_visible(timeout=SOON)
    assert page.evaluate("window.stays")


def test_a_crash_shows_its_reason_its_last_words_and_an_alert(page: Page, server: Server) -> None:
    start(page)
    address = page.url
    kill = (
        "import os,signal;from engine_app.models import Engine;"
        "os.kill(Engine.objects.exclude(pid=None).get().pid, signal.SIGSEGV)"
    )
    server.manage("shell", "-v0", "-c", kill)
    panel = page.locator("#now")
    expect(panel).to_contain_text("crashed with a memory fault (SIGSEGV)", timeout=SOON)
    expect(panel.locator(".last-words")).to_contain_text("listening on")
    # It is started again by itself; what happened stays among its runs.
    expect(page.locator("#acts engine-state")).to_have_text("running", timeout=SOON)
    expect(page.locator("#runs")).to_contain_text("SIGSEGV")
    assert page.url == address


BREAK = (
    "from engine_app import discovery; from engine_app.models import EngineBinary;"
    "EngineBinary.objects.update(enabled={})"
)


def test_a_start_that_fails_is_an_alert_on_the_dashboard(page: Page, server: Server) -> None:
    page.goto("/")
    server.manage("shell", "-v0", "-c", BREAK.format(False))
    try:
        page.goto("/engines/")
        expect(page.get_by_text("no engine program")).to_be_visible()
        page.goto("/models/?q=tiny-chat")
        page.get_by_role("button", name="Load tiny-chat", exact=True).first.click()
        expect(page.locator(chip(page, "tiny-chat")).first).to_have_text("failed", timeout=SOON)
        page.goto("/")
        alerts = page.locator("#alerts")
        expect(alerts).to_contain_text("tiny-chat has no program to run it")
        expect(alerts).to_contain_text("Nothing here can run a model.")
        alerts.get_by_role("link", name="See why").click()
        expect(page.get_by_role("alert").first).to_contain_text("has no program to run it")
    finally:
        server.manage("shell", "-v0", "-c", BREAK.format(True))


def test_states_read_the_same_in_the_browser(page: Page) -> None:
    page.goto("/engines/")
    given = [each for each, _ in json.loads(VECTORS.read_text())]
    script = """(given) => %s.then((m) => given.map((each) => Object.values(m.look(...each))))"""
    written = page.evaluate(script % module("engine-look"), given)
    expected = [[*(getattr(look(*each), part) for part in PARTS)] for each in given]
    assert written == expected


PARTS = ("css", "glyph", "word", "more")


def test_a_program_is_added_and_says_that_it_is_none(page: Page) -> None:
    page.goto("/engines/programs/")
    expect(page.get_by_text("used by default")).to_be_visible(timeout=SOON)
    page.get_by_label("Path or command").fill("/bin/false --really")
    page.get_by_role("button", name="Add and ask it").click()
    row = page.locator("tr", has_text="/bin/false --really")
    expect(row).to_contain_text("unusable", timeout=SOON)
    expect(page.locator("#programs [role=status]")).to_contain_text("the first that works")
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)


def test_without_scripts_a_model_is_started_and_stopped(
    browser: Browser, server: Server, cookies: object, page: Page
) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=server.url)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    plain = context.new_page()
    plain.goto("/engines/start/?find=tiny-rerank")
    plain.get_by_role("button", name="Start tiny-rerank").click()
    expect(plain.locator("h1")).to_have_text("tiny-rerank")
    for _ in range(100):
        if "running" in plain.locator("#acts").inner_text():
            break
        plain.wait_for_timeout(200)
        plain.reload()
    plain.goto("/engines/")
    plain.get_by_role("button", name="Stop tiny-rerank").click()
    expect(plain.locator("h1")).to_have_text("Engines")
    expect(plain.locator("#list")).to_contain_text(re.compile("stop wanted|unloading|stopped"))
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("shown", ["states", "forms"])
def test_the_pages_are_accessible_and_fit(page: Page, width: int, theme: str, shown: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    engine = start(page)
    pages = {
        "states": ("/engines/", engine, "/", "/models/?q=tiny"),
        "forms": ("/engines/start/", "/engines/programs/", f"{engine}delete/"),
    }
    for each in pages[shown]:
        page.goto(each)
        assert accessibility_problems(page) == [], each
        assert not is_wider_than_the_window(page), each


def test_g_and_e_lead_to_the_engines(page: Page) -> None:
    page.goto("/models/")
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page).to_have_url(re.compile(r"/engines/$"))
