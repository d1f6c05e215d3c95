"""Reads a request's body: bounded in bytes and in time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from asgiref.typing import ASGIReceiveCallable

from proxy_app.core.errors import GatewayError

SECONDS: Final = 60.0


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


async def read(receive: ASGIReceiveCallable, headers: Mapping[bytes, bytes], most: int) -> bytes:
    """Raises GatewayError or ClientGone. `most` in bytes."""
    if int(headers.get(b"content-length", b"0")) > most:
        raise _too_long(most)
    try:
        async with asyncio.timeout(SECONDS):
            return await _read(receive, most)
    except TimeoutError:
        message = f"The body was not there after {SECONDS:.0f} seconds."
        raise GatewayError(408, "body_too_slow", message) from None


async def _read(receive: ASGIReceiveCallable, most: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        piece = message["body"]
        size += len(piece)
        if size > most:
            raise _too_long(most)
        pieces.append(piece)
        if not message["more_body"]:
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _too_long(most: int) -> GatewayError:
    return GatewayError(413, "body_too_long", f"The body is longer than {most >> 20} MiB.")
