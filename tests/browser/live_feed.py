"""The other end of the page's WebSocket: a test says what comes, and sees what is asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page, WebSocketRoute, expect

SEQ = 1_000
# Of a page that goes to sleep soon after it is hidden.
SOON_HIDDEN = """document.addEventListener("readystatechange", () => {
  document.documentElement.dataset.hiddenMs = 50;
}, {once: true})"""
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
AT = 1_790_000_000.0


class Feed:
    """Install it before the page is opened."""

    def __init__(self, page: Page) -> None:
        self.connections = 0
        self.asked: list[dict[str, Any]] = []
        self.refuses = False
        self._sent = 0
        self._page = page
        self._socket: WebSocketRoute | None = None
        page.route_web_socket("**/ws/", self._connected)

    def _connected(self, socket: WebSocketRoute) -> None:
        self.connections += 1
        if self.refuses:
            socket.close(code=1013, reason="busy")
            return
        self._socket = socket
        socket.on_message(lambda text: self.asked.append(json.loads(text)))

    def asked_for(self, op: str) -> list[dict[str, Any]]:
        return [message for message in self.asked if message["op"] == op]

    def wait_for(self, op: str, count: int = 1) -> dict[str, Any]:
        """The `count`th message of the page with this op."""
        for _ in range(500):
            if len(found := self.asked_for(op)) >= count:
                return found[count - 1]
            self._page.wait_for_timeout(20)
        raise AssertionError(f"{count} {op} never came: {self.asked}")

    def send(self, **frame: Any) -> None:
        assert self._socket is not None
        self._socket.send(json.dumps(frame))
        self._sent += 1

    def settle(self) -> None:
        """All that was sent has arrived and is shown."""
        for _ in range(500):
            if (
                self._page.evaluate(f"{module('socket')}.then((m) => m.counters.frames)")
                == self._sent
            ):
                break
            self._page.wait_for_timeout(20)
        else:
            raise AssertionError("the page has not received all frames")
        self._page.evaluate(TWO_FRAMES)

    def schema(self, topic: str, *keys: str, mark: str = "a") -> None:
        fields = [{"key": key, "unit": "count"} for key in keys]
        self.send(op="schema", topic=topic, hash=mark, fields=fields)

    def snap(self, topic: str, values: Sequence[float | None], seq: int = SEQ) -> None:
        self.send(op="snap", topic=topic, seq=seq, t=AT, v=values)

    def delta(self, topic: str, changes: Sequence[float | None], seq: int, **more: Any) -> None:
        self.send(op="delta", topic=topic, seq=seq, t=AT + seq - SEQ, d=changes, **more)

    def drop(self, code: int = 1012) -> None:
        assert self._socket is not None
        self._socket.close(code=code)


def show(page: Page, markup: str) -> None:
    """A page of the shell with this content: the side bar is left out, so that nothing else lives.

    Only in tests: the pages themselves are made by the server.
    """
    page.evaluate(
        """(markup) => {
          document.querySelector("#side .mini").remove();
          document.getElementById("main").innerHTML = markup;
        }""",
        markup,
    )


def value(key: str, text: str = "-", more: str = 'format="amount"') -> str:
    topic = key.partition("/")[0]
    return f'<live-value topic="{topic}" key="{key}" {more}>{text}</live-value>'


def module(name: str) -> str:
    """A promise of a module that the page has loaded; its address holds a hash."""
    return f"""import(performance.getEntriesByType("resource")
      .find((entry) => entry.name.includes("/{name}.")).name)"""


def wait_for_charts(page: Page, address: str) -> None:
    """The first charts come with the first figures, a moment after the start of the server."""
    for _ in range(60):
        page.goto(address)
        if page.locator("live-chart").count():
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"no charts on {address}")


def three_values(page: Page) -> Feed:
    """`t/a` is 1, `t/b` is 2; of `u/a` nothing has come."""
    feed = Feed(page)
    page.add_init_script(SOON_HIDDEN)
    page.goto("/settings/scanning/")
    show(page, value("t/a", "0") + value("t/b", "0") + value("u/a", "0"))
    feed.wait_for("sub")
    feed.schema("t", "t/a", "t/b")
    feed.snap("t", [1, 2])
    expect(page.locator("live-value").first).to_have_text("1")
    return feed


def shown(page: Page) -> list[str]:
    return page.locator("live-value").all_inner_texts()
