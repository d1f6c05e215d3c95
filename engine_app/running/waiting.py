"""Waits for whatever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Wait = Callable[[], Awaitable[object]] | asyncio.Future[object]


async def first_of(seconds: float | None, *waits: Wait) -> None:
    """Of these, `seconds` at most. What was started here for that is not left waiting."""
    futures = [
        each if isinstance(each, asyncio.Future) else asyncio.ensure_future(each())
        for each in waits
    ]
    try:
        await asyncio.wait(futures, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for future, given in zip(futures, waits, strict=True):
            if future is not given:
                future.cancel()
