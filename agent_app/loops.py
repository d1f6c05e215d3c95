"""What a loop is: `run()` over `step()`. Tests call `step()`."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Protocol

from django.db import close_old_connections, connection

logger = logging.getLogger(__name__)


class Loop(Protocol):
    """One unit of work again and again until `stop` is set. An exception ends the process."""

    name: str

    async def run(self, stop: asyncio.Event) -> None: ...


@dataclass(slots=True)
class LoopStatus:
    """How a loop is doing, for /system/. Times are wall clock seconds."""

    name: str
    steps: int = 0
    last_step_at: float | None = None
    last_seconds: float | None = None

    def stepped(self, seconds: float) -> None:
        self.steps += 1
        self.last_step_at = time.time()
        self.last_seconds = seconds


statuses: dict[str, LoopStatus] = {}


def status(name: str) -> LoopStatus:
    return statuses.setdefault(name, LoopStatus(name))


async def wait_any(seconds: float, *events: asyncio.Event) -> bool:
    """Waits for the first of `events`, `seconds` at most. Whether one is set."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return any(event.is_set() for event in events)


def drop_stale_connection() -> None:
    """Long-lived code looks after its connection itself; requests have signals for that."""
    if not connection.in_atomic_block:  # a test's transaction is not ours to end
        close_old_connections()
