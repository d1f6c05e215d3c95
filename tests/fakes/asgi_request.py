"""One request to an ASGI application, driven by a test on the same event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

Application = Callable[[Any, Any, Any], Awaitable[None]]
ELSEWHERE = "203.0.113.7"


class AsgiRequest:
    """The client waits until `leave`, or for what it wants to see of the answer."""

    def __init__(
        self, method: str, target: str, said: Any = None, *, client: str = ELSEWHERE, **headers: str
    ) -> None:
        path, _, query = target.partition("?")
        given = {"host": "localhost", **{k.replace("_", "-"): v for k, v in headers.items()}}
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": (client, 50_000),
        }
        self._body = b"" if said is None else json.dumps(said).encode()
        self._has_asked = False
        self._gone = asyncio.Event()
        self._came = asyncio.Event()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.is_whole = False

    async def receive(self) -> dict[str, Any]:
        if not self._has_asked:
            self._has_asked = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            pairs = message["headers"]
            self.headers = {name.decode().lower(): value.decode() for name, value in pairs}
        else:
            self.body += message.get("body", b"")
            self.is_whole = not message.get("more_body", False)
        self._came.set()

    def leave(self) -> None:
        self._gone.set()

    def json(self) -> Any:
        return json.loads(self.body)

    async def ask(
        self, application: Application, enough: Callable[[AsgiRequest], object] | None = None
    ) -> AsgiRequest:
        """Until `enough` of the answer is there, else all of it."""
        working = asyncio.ensure_future(application(self.scope, self.receive, self.send))
        async with asyncio.timeout(30):
            while not working.done() and not (enough and enough(self)):
                self._came.clear()
                coming = asyncio.ensure_future(self._came.wait())
                await asyncio.wait((working, coming), return_when=asyncio.FIRST_COMPLETED)
                coming.cancel()
            self.leave()
            await working
        return self
