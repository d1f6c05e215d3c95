"""Streams that go on for as long as somebody listens: how many there may be, and their beat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from proxy_app.core.errors import GatewayError

MOST: Final = 100
BEAT_SECONDS: Final = 15.0
BEAT: Final = b":\n\n"

_open: Final[set[object]] = set()
# The pieces that came since it was asked last.
News = Callable[[], Awaitable[list[bytes]]]


def feed(news: News, every: float, beat: bytes = BEAT) -> AsyncIterator[bytes]:
    """Asks every so many seconds. `beat` keeps the connection when there is nothing to say; it may
    be empty. Raises GatewayError 429 when too many listen already."""
    if len(_open) >= MOST:
        message = f"{MOST} streams of events and logs are open already."
        raise GatewayError(429, "too_many_streams", message, 10)
    return _pieces(news, every, beat)


async def _pieces(news: News, every: float, beat: bytes) -> AsyncIterator[bytes]:
    mark = object()
    _open.add(mark)
    quiet = 0.0
    try:
        while True:
            for piece in await news():
                yield piece
                quiet = 0.0
            if quiet >= BEAT_SECONDS and beat:
                yield beat
                quiet = 0.0
            await asyncio.sleep(every)
            quiet += every
    finally:
        _open.discard(mark)
