"""A streamed chat whose model is being loaded is told how far that is, as reasoning: clients show
it and keep it out of the conversation."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Final

import orjson

from proxy_app.catalogue import Entry
from proxy_app.engines import Address

if TYPE_CHECKING:
    from proxy_app.exchange import Exchange
    from proxy_app.line import Ticket

QUIET_SECONDS: Final = 1.0  # who is served within it is told nothing
EVERY_SECONDS: Final = 1.0
EVENTS: Final = [
    (b"content-type", b"text/event-stream"),
    (b"x-accel-buffering", b"no"),
]
_PHASES: Final = {
    "": "waits for its turn",
    "check": "is looked at",
    "room": "waits for memory",
    "evicting": "waits for another model to leave memory",
    "memory": "waits for memory",
    "spawn": "is started",
    "load": "is loaded",
    "warm-up": "is warmed up",
}


async def while_waiting(
    exchange: Exchange, placing: Awaitable[tuple[Ticket, Address]], entry: Entry
) -> tuple[Ticket, Address]:
    """Returns what `placing` does."""
    work = asyncio.ensure_future(placing)
    said, quiet = "", QUIET_SECONDS
    try:
        while not (await asyncio.wait((work,), timeout=quiet))[0]:
            text = _text(exchange, entry)
            if text != said:
                await exchange.begin(200, EVENTS)
                await exchange.send_piece(_event(exchange, entry, text))
            said, quiet = text, EVERY_SECONDS
        return work.result()
    except BaseException:  # nobody waits any more, or there is no way to tell
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            ticket, _ = await work
            exchange.line.leave(ticket)
        raise


def _text(exchange: Exchange, entry: Entry) -> str:
    seen = exchange.engines.seen.get(entry.target)
    phase = seen.phase if seen is not None and seen.state == "starting" else ""
    progress = seen.progress if seen is not None and phase == "load" else None
    share = "" if progress is None else f", {progress:.0%}"
    if seen is not None and seen.state == "ready":
        return f"{entry.id} answers others first.\n"
    return f"{entry.id} {_PHASES.get(phase, phase)}{share}.\n"


def _event(exchange: Exchange, entry: Entry, text: str) -> bytes:
    choice = {"index": 0, "delta": {"reasoning_content": text}, "finish_reason": None}
    said = {
        "id": f"chatcmpl-{exchange.account.public_id}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": entry.id,
        "choices": [choice],
    }
    return b"data: " + orjson.dumps(said) + b"\n\n"
