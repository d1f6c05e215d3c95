"""Looks at a server before it is attached."""

from __future__ import annotations

import asyncio
from typing import Final

from engine_app.attached.client import Client
from engine_app.attached.looking import Looker, Seen
from engine_app.core.server_address import Address
from engine_app.models.attached import ServerState

MOST_SECONDS: Final = 8.0  # somebody waits for it


def check(address: Address, key: str = "") -> Seen:
    """Blocks for some seconds at most; never raises. Not for the thread of an event loop."""
    return asyncio.run(_check(address, key))


async def _check(address: Address, key: str) -> Seen:
    try:
        async with asyncio.timeout(MOST_SECONDS), Client(address, key) as client:
            return await Looker(client, has_key=bool(key)).look()
    except TimeoutError:
        return Seen(ServerState.UNREACHABLE, f"It did not answer within {MOST_SECONDS:g} seconds.")
