from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State

from agent_app.short_frames import short_text

LINGER_SECONDS: Final = 2.0
GOING_AWAY: Final = 1001
# Waiting messages from which on a browser is not read any more.
MOST_WAITING: Final = 8

_last_framed: tuple[object, bytes] = ("", b"")


def _framed(text: str) -> bytes:
    """The bytes of one text frame, made once for all sockets that get the same text in turn."""
    global _last_framed
    known, frame = _last_framed
    if known is not text:
        frame = Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
        _last_framed = text, frame
    return frame


class WebSocket(WebSocketsSansIOProtocol):
    """uvicorn's, but a peer that does not read holds up nothing, and a delivery costs less.

    As it is, uvicorn closes a connection only once its buffer has gone out, which may be never:
    the socket stays, and at the end the whole server waits for it.

    Measured for a delivery and its acknowledgement, without the kernel's part: 20 us of CPU with
    the two short ways below, 37 us without. All else goes the way of uvicorn and websockets.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A line for each socket is too much: llamadash/logs.py holds that logger down.
        self.logger = self.conn.logger = logging.getLogger("uvicorn.websocket")
        self.close_timeout = LINGER_SECONDS

    # ------------------------------------------------------------ short ways
    async def send(self, message: ASGISendEvent) -> None:
        """A frame after the server's own close is no mistake of the application."""
        if self.close_sent:
            raise ClientDisconnected
        text = message.get("text")
        if not isinstance(text, str) or not self._is_open:
            await super().send(message)
            return
        if not self.writable.is_set():
            await self.writable.wait()
        if self.disconnected or self.close_sent or not self._is_open:
            raise ClientDisconnected
        self.transport.write(_framed(text))

    def data_received(self, data: bytes) -> None:
        text = short_text(data) if self._is_between_messages else None
        if text is None:
            super().data_received(data)
            return
        self.queue.put_nowait({"type": "websocket.receive", "text": text})
        if self.queue.qsize() >= MOST_WAITING and not self.read_paused:
            self.read_paused = True  # `receive` goes on when all is taken
            self.transport.pause_reading()

    @property
    def _is_open(self) -> bool:
        return self.handshake_complete and self.conn.state is State.OPEN

    @property
    def _is_between_messages(self) -> bool:
        return self._is_open and not self.frames and not self.conn.reader.buffer

    # ------------------------------------------------------------ peers that do not read
    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        self._drop_soon()

    def shutdown(self) -> None:
        """Browsers are told that the server goes, not that it restarts."""
        if self._is_open and not self.close_sent and not self.transport.is_closing():
            self.queue.put_nowait({"type": "websocket.disconnect", "code": GOING_AWAY})
            self.conn.send_close(GOING_AWAY)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        super().shutdown()
        self._drop_soon()

    def _drop_soon(self) -> None:
        """Long enough for what is under way to a peer that does read."""
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)
