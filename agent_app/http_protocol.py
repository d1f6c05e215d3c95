"""HTTP/1.1 as uvicorn speaks it, for clients that mean no good.

As it is, uvicorn waits for ever for a head or a body that does not come, keeps a head of any length
in memory, and drops the host of a target like `http://elsewhere/`.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS: Final = 30.0
# Longer than the gateway waits, which answers 408.
BODY_SECONDS: Final = 90.0
MOST_HEAD_BYTES: Final = 64 << 10


class HttpProtocol(HttpToolsProtocol):
    # Of a client's turn: its head, then its body. None while we answer, or wait for its next head.
    _deadline: asyncio.TimerHandle | None = None
    _is_head = True
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_head:
            if self._deadline is None:  # of another request on the same connection
                self._expect(HEAD_SECONDS)
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES and not self._ends_its_head(data):
                self.send_400_response("The head of the request is too long.")
                return
        super().data_received(data)

    def _ends_its_head(self, data: bytes) -> bool:
        """A piece that holds the end of a head may hold much of a body, too."""
        before = self._head_bytes - len(data)
        end = data.find(b"\r\n\r\n")
        return end >= 0 and before + end <= MOST_HEAD_BYTES

    def on_header(self, name: bytes, value: bytes) -> None:
        """What comes after a body in pieces must not become part of a head that was checked."""
        if self._is_head:
            super().on_header(name, value)
            return
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MOST_HEAD_BYTES:
            raise ValueError("trailers without end")

    def on_headers_complete(self) -> None:
        self._is_head, self._head_bytes = False, 0
        self._expect(BODY_SECONDS)
        if not self.url.startswith((b"/", b"*")):
            # What a callback raises is answered 400.
            raise ValueError("a target that names a host")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_head, self._head_bytes = True, 0
        self._expect(None)
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._expect(None)  # another protocol has deadlines of its own
        super().handle_websocket_upgrade()

    def _expect(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, self._is_late)

    def _is_late(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()
