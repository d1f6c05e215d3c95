"""The playground with the real embedded engine: a conversation from the page alone."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, accessibility_problems, is_wider_than_the_window
from tests.browser.live_feed import module

pytestmark = pytest.mark.browser
SOON = 60_000.0  # ms; the first start of a process reads its libraries
ANSWER = "Hello! I am a tiny deterministic test model running inside the real llama.cpp engine."


@pytest.fixture(scope="module", autouse=True)
def models(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("for-playground") / "models"
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
def page(page: Page) -> Iterator[Page]:
    """A dialog would mean that a hostile text ran."""
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    yield page


def open_it(page: Page, model: str) -> None:
    page.goto(f"/playground/?model={model}")
    expect(page.get_by_role("button", name="Send")).to_be_enabled()


def test_a_message_is_answered_by_a_model_that_is_started_for_it(page: Page) -> None:
    open_it(page, "tiny-chat")
    page.get_by_label("Max tokens").fill("100")
    message = page.get_by_role("textbox", name="Message")
    message.press_sequentially("hi")
    message.press("Shift+Enter")
    message.press_sequentially("there")
    message.press("Enter")
    expect(page.locator(".msg.me p")).to_have_text("hi\nthere")
    answer = page.locator(".msg:not(.me)")
    expect(answer.locator(".said p")).to_have_text(ANSWER, timeout=SOON)
    expect(answer.locator(".figures")).to_contain_text(re.compile(r"\d tok/s"))
    expect(answer.locator(".figures")).to_contain_text("18 tokens")
    expect(answer.locator(".figures")).to_contain_text("first token")
    expect(page.locator("#told")).to_have_text("The answer is complete: 18 tokens.")
    expect(page.locator("#model-state .st span")).to_have_text("running", timeout=SOON)
    page.get_by_role("button", name="ask again").click()
    expect(answer).to_have_count(1)
    expect(answer.locator(".said p")).to_have_text(ANSWER, timeout=SOON)
    page.reload()
    expect(page.locator(".msg.me p")).to_have_text("hi\nthere")
    expect(page.get_by_label("Max tokens")).to_have_value("100")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as JSON").click()
    saved = json.loads(download.value.path().read_text())
    assert [each["text"] for each in saved["messages"]] == ["hi\nthere", ANSWER]
    page.get_by_role("button", name="As curl or Python").click()
    expect(page.locator("#curl")).to_contain_text('"model": "tiny-chat"')
    expect(page.locator("#python")).to_contain_text('model="tiny-chat"')
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".msg")).to_have_count(0)


def test_escape_stops_an_answer_and_what_fails_says_what_to_do(page: Page) -> None:
    open_it(page, "tiny-slow")
    message = page.get_by_role("textbox", name="Message")
    message.fill("hi")
    message.press("Enter")
    state = page.locator(".msg:not(.me) header .sub").last
    expect(state).to_contain_text(re.compile("engine|start|load|word"))
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    message.press("Escape")
    expect(state).to_have_text("stopped")
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    page.route(
        "**/v1/chat/completions",
        lambda route: route.fulfill(
            status=429,
            headers={"retry-after": "7"},
            json={"error": {"message": "Too many requests wait already.", "code": "queue_full"}},
        ),
    )
    message.fill("again")
    message.press("Enter")
    failure = page.locator(".note[role=alert]")
    expect(failure).to_contain_text("Too many requests wait already.")
    expect(failure).to_contain_text("worth another try in 7 s")
    page.unroute("**/v1/chat/completions")
    page.context.clear_cookies(name="llamadash_sessionid")
    page.get_by_role("button", name="ask again").click()
    expect(page.get_by_role("link", name="Log in again")).to_be_visible()


def is_create(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith("completions.create")


HOSTILE = """**bold** and `code` <img src=x onerror=alert(1)> [a](javascript:alert(1))

```python
if a < b: "</code><script>alert(2)</script>"
```

1. one
2. two
   - inner
"""
RENDERED = f"""text => {module("markdown")}.then((m) => {{
    const box = document.createElement("div");
    box.append(m.render(text));
    return [box.innerHTML, m.wholeUpTo(text, 0)];
}})"""
EVENTS = f"""pieces => {module("events")}.then((m) => {{
    const reader = new m.EventReader();
    return pieces.flatMap((piece) => reader.feed(piece));
}})"""


CODE = f"""asked => {module("as-code")}.then((m) => [
    m.asCurl(asked, "where"), m.asPython(asked, "where"),
])"""
ASKED = {
    "model": "it's",
    "messages": [{"role": "user", "content": "'; touch x; $(touch y) `touch z` \\ \"\n \u00e4"}],
    "stream": True,
    "seed": None,
}
# Instead of the real one: what it was given last.
CURL = 'curl() { for given; do :; done; printf %s "$given"; }\n'


def test_texts_become_no_elements_and_no_code(page: Page, tmp_path: Path) -> None:
    open_it(page, "tiny-chat")
    curl, python = page.evaluate(CODE, ASKED)
    done = subprocess.run(["sh", "-c", CURL + curl], cwd=tmp_path, capture_output=True, check=True)
    assert json.loads(done.stdout) == ASKED
    assert list(tmp_path.iterdir()) == []
    call = next(node for node in ast.walk(ast.parse(python)) if is_create(node))
    given = {each.arg: ast.literal_eval(each.value) for each in call.keywords}
    assert given == {**ASKED, "stream_options": None}
    html, _ = page.evaluate(RENDERED, HOSTILE)
    assert "<strong>bold</strong> and <code>code</code> &lt;img src=x" in html
    assert "<img" not in html and "<script" not in html and "<a" not in html
    assert "<ol><li>one</li><li>two<ul><li>inner</li></ul></li></ol>" in html
    assert '<pre class="cmd" tabindex="0"><code>if a &lt; b:' in html
    # A block of code that is open is not drawn yet, and a heap of marks takes no time.
    _, whole = page.evaluate(RENDERED, "one\n\n```\ncode\n\nmore\n")
    assert whole == len("one\n\n")
    for heap in ("**a " * 5000, "`" * 19_999, "> " * 5000, "- " * 5000, "# " + "#" * 50_000 + "x"):
        began = page.evaluate("performance.now()")
        page.evaluate(RENDERED, heap)
        assert page.evaluate("performance.now()") - began < 1000, heap[:10]
    pieces = ["data: a\r\nda", "ta: b\n\n: beat\n\nevent: x\ndata:{}\n", "\ndata: half"]
    assert page.evaluate(EVENTS, pieces) == ["a\nb", "{}"]


def test_it_is_accessible_and_fits(page: Page) -> None:
    open_it(page, "tiny-chat")
    page.evaluate(
        """text => sessionStorage.setItem("llamadash.playground", JSON.stringify({
        owner: document.getElementById("playground").dataset.owner, settings: {}, messages: [
        {role: "user", text: "x".repeat(300), at: 1.79e12},
        {role: "assistant", text, reasoning: "why", model: "tiny-chat", at: 1.79e12, end: "length"},
        ]}))""",
        HOSTILE,
    )
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        page.reload()
        expect(page.locator(".msg")).to_have_count(2)
        assert not is_wider_than_the_window(page)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            assert accessibility_problems(page) == []
    page.locator("#more summary").click()
    assert not is_wider_than_the_window(page)
    page.get_by_role("button", name="As curl or Python").click()
    assert accessibility_problems(page) == []
