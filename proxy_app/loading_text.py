"""A stream whose model is not there yet is kept alive, so that no proxy gives it up. A chat can be
told how far its model is, as reasoning: clients show that and keep it out of the conversation."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Final

import orjson

from proxy_app.catalogue import Entry
from proxy_app.core.errors import GatewayError
from proxy_app.engines import Address

if TYPE_CHECKING:
    from proxy_app.exchange import Exchange
    from proxy_app.line import Ticket

QUIET_SECONDS: Final = 1.0  # who is served within it is told nothing
EVERY_SECONDS: Final = 1.0
# Until then an error is still an error by its status.
ALIVE_SECONDS: Final = 15.0
COMMENT: Final = b": waiting\n\n"
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
    exchange: Exchange,
    placing: Awaitable[tuple[Ticket, Address]],
    entry: Entry,
    *,
    tells: bool,
) -> tuple[Ticket, Address]:
    """Returns what `placing` does."""
    work = asyncio.ensure_future(placing)
    try:
        if tells:
            await _tell(exchange, work, entry)
        else:
            while not await _is_done(work, ALIVE_SECONDS):
                await exchange.begin(200, EVENTS)
                await exchange.send_aside(COMMENT)
        return work.result()
    except BaseException:  # nobody waits any more, or there is no way to tell
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError, GatewayError):
            ticket, _ = await work
            exchange.line.leave(ticket)
        raise


async def _is_done(work: asyncio.Future[tuple[Ticket, Address]], seconds: float) -> bool:
    done, _ = await asyncio.wait((work,), timeout=seconds)
    return bool(done)


async def _tell(
    exchange: Exchange, work: asyncio.Future[tuple[Ticket, Address]], entry: Entry
) -> None:
    said, said_at = "", time.monotonic()
    while not await _is_done(work, EVERY_SECONDS if said else QUIET_SECONDS):
        text = _text(exchange, entry)
        if text != said:
            await exchange.begin(200, EVENTS)
            await exchange.send_aside(_event(exchange, entry, text))
        elif time.monotonic() - said_at >= ALIVE_SECONDS:
            await exchange.send_aside(COMMENT)
        else:
            continue
        said, said_at = text, time.monotonic()


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
