"""A WebSocket as an ASGI application sees it, driven by a test on the same event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from live_app.client import Client, Visitor
from live_app.closing import Closing
from live_app.hub import Hub
from tests.fakes.mirror import Mirror


async def until(condition: Callable[[], object], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition has no event
            await asyncio.sleep(0.001)


class AsgiSocket:
    """Acknowledges what it reads, unless told not to."""

    def __init__(self) -> None:
        self.mirror = Mirror()
        self.acks = True
        self.can_send = asyncio.Event()
        self.can_send.set()
        self.close: dict[str, Any] | None = None
        self.accepted = False
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    # ------------------------------------------------------------ the server's side
    async def receive(self) -> dict[str, Any]:
        return await self._to_app.get()

    async def send(self, message: dict[str, Any]) -> None:
        await self.can_send.wait()
        if message["type"] == "websocket.accept":
            self.accepted = True
        elif message["type"] == "websocket.close":
            self.close = message
            self.leave()
        else:
            self._from_app.put_nowait(message)

    # ------------------------------------------------------------ the browser's side
    def connect(self) -> None:
        self._to_app.put_nowait({"type": "websocket.connect"})

    def say(self, **content: Any) -> None:
        self.say_text(json.dumps(content))

    def say_text(self, text: str | None) -> None:
        self._to_app.put_nowait({"type": "websocket.receive", "text": text})

    def leave(self) -> None:
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1001})

    async def frame(self) -> dict[str, Any]:
        async with asyncio.timeout(20):
            message = await self._from_app.get()
        frame = self.mirror.take(message["text"])
        if self.acks:
            self.say_text(self.mirror.ack())
        return frame

    async def frames(self, count: int) -> list[dict[str, Any]]:
        return [await self.frame() for _ in range(count)]

    @property
    def n_unread(self) -> int:
        return self._from_app.qsize()


class Connected:
    """A client of a hub without the login before it."""

    def __init__(self, hub: Hub, *, is_staff: bool = False, user_id: int = 1, session: str = "s"):
        self.hub = hub
        self.socket = AsgiSocket()
        self.visitor = Visitor(session, user_id, is_staff)
        self.client: Client | None = None

    async def __aenter__(self) -> AsgiSocket:
        self.client = self.hub.join(self.visitor, self.socket.send, standard_codes=True)
        self.ended: asyncio.Task[Closing | None] = asyncio.create_task(self._run(self.client))
        return self.socket

    async def _run(self, client: Client) -> Closing | None:
        try:
            return await client.run(self.socket.receive)
        finally:
            self.hub.leave(client)

    async def __aexit__(self, *_: object) -> None:
        self.socket.can_send.set()
        self.socket.leave()
        async with asyncio.timeout(20):
            await self.ended
