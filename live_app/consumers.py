"""The one WebSocket. A plain ASGI application: a consumer of Channels makes a task a message."""

from __future__ import annotations

from typing import Any

from live_app.client import Receive, Send, Visitor
from live_app.closing import Closing, close_message
from live_app.hub import Hub, hub
from live_app.origin import is_same_origin
from live_app.sessions import who

PATH = "/ws/"


class LiveSocket:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        # Daphne says nothing of extensions, and refuses the standard codes.
        standard_codes = "websocket.http.response" in scope.get("extensions", ())
        visitor: Visitor | Closing | None = None
        if is_same_origin(scope):
            visitor = await who(scope)
        if visitor is None:
            self._hub.counts.refused += 1
            await send({"type": "websocket.close", "code": 4403})  # before the accept: a 403
            return
        await send({"type": "websocket.accept"})
        closing = visitor if isinstance(visitor, Closing) else self._hub.refusal(visitor)
        if closing is not None:
            await send(close_message(closing, standard_codes=standard_codes))
        elif isinstance(visitor, Visitor):
            closing = await self._serve(visitor, receive, send, standard_codes)
        if closing is not None:
            self._hub.closed(closing)

    async def _serve(
        self, visitor: Visitor, receive: Receive, send: Send, standard_codes: bool
    ) -> Closing | None:
        client = self._hub.join(visitor, send, standard_codes=standard_codes)
        try:
            return await client.run(receive)
        finally:
            self._hub.leave(client)


live_socket = LiveSocket(hub)
