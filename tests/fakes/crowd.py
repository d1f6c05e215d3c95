"""Many browsers in one process, each a raw socket with just as much WebSocket as is needed."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

_FIGURES: Final = re.compile(rb'\{"op": ?"(?:delta|snap)",.*?"t": ?([\d.]+)')
_TEXT: Final = 0x81
_CLOSE: Final = 0x88


def text_frame(payload: bytes) -> bytes:
    """Masked with zeros: a client must mask, but need not change anything."""
    size = len(payload)
    if size < 126:
        head = bytes((_TEXT, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((_TEXT, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((_TEXT, 0x80 | 127)) + size.to_bytes(8, "big")
    return head + b"\0\0\0\0" + payload


class Watcher(asyncio.Protocol):
    """Subscribes to one topic and acknowledges what it reads, once for all that arrived together.

    A stalled one reads nothing once it has subscribed.
    """

    def __init__(self, address: str, cookie: str, topic: str, *, stalls: bool = False) -> None:
        self.address = address
        self._cookie = cookie
        self._topic = topic
        self._stalls = stalls
        self._data = bytearray()
        self.status: int | None = None
        self.close_code: int | None = None
        self.n_frames = 0
        self.delays: list[float] = []
        self.ended = asyncio.Event()
        self.watches = asyncio.Event()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        host = urlsplit(self.address).netloc
        transport.write(
            f"GET /ws/ HTTP/1.1\r\nHost: {host}\r\nOrigin: {self.address}\r\n"
            f"Cookie: {self._cookie}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()
        self.watches.set()

    def say(self, **content: object) -> None:
        assert self.transport is not None
        self.transport.write(text_frame(json.dumps(content).encode()))

    def data_received(self, data: bytes) -> None:
        self._data += data
        if self.status is None and not self._take_head():
            return
        before = self.n_frames
        while self._take_frame():
            pass
        if self.n_frames > before and not self._stalls:
            self.say(op="ack", n=self.n_frames)

    def _take_head(self) -> bool:
        head, end, rest = bytes(self._data).partition(b"\r\n\r\n")
        if not end:
            return False
        self.status = int(head.split(b" ", 2)[1])
        self._data = bytearray(rest)
        if self.status == 101:
            self.say(op="sub", topics=[self._topic])
            if self._stalls and self.transport is not None:
                self.transport.pause_reading()
        return True

    def _take_frame(self) -> bool:
        data = self._data
        if len(data) < 2:
            return False
        size, start = data[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[2:start], "big")
        if len(data) < start + size:
            return False
        self._take(data[0], bytes(data[start : start + size]))
        del data[: start + size]
        return True

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == _CLOSE:
            self.close_code = int.from_bytes(payload[:2], "big")
        elif kind == _TEXT:
            self.n_frames += 1
            if found := _FIGURES.match(payload):
                self.delays.append(time.time() - float(found[1]))
            self.watches.set()


@asynccontextmanager
async def crowd(
    address: str, cookies: Sequence[str], count: int, *, topic: str = "load"
) -> AsyncIterator[list[Watcher]]:
    """All come at once, the users in turn; each has read its first frame, or was sent away."""
    turns = itertools.islice(itertools.cycle(cookies), count)
    watchers = [Watcher(address, cookie, topic) for cookie in turns]
    async with asyncio.timeout(60):
        await asyncio.gather(*map(connect, watchers))
        await asyncio.gather(*(watcher.watches.wait() for watcher in watchers))
    try:
        yield watchers
    finally:
        for watcher in watchers:
            leave(watcher)


async def connect(watcher: Watcher) -> None:
    parts = urlsplit(watcher.address)
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: watcher, str(parts.hostname), parts.port or 80)


def leave(watcher: Watcher) -> None:
    if watcher.transport is not None:
        watcher.transport.abort()
