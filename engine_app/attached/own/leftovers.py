"""What an earlier process of ours has left of its router: taken over, or ended."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from engine_app.attached.own.launching import mark
from engine_app.core import states
from engine_app.models import OwnRouter
from engine_app.running.adopting import NEVER_WRITTEN, Stranger, hold, reap_marked
from engine_app.running.identity import Identity
from engine_app.running.launching import Running

__all__ = ["Stranger", "adopt", "reap"]


async def adopt(row: OwnRouter, key: str) -> Running:
    """Raises Stranger."""
    if row.pid is None or row.pid_started is None or row.port is None:
        raise Stranger(NEVER_WRITTEN)
    known = Identity(row.pid, row.pid_started, row.port, mark())
    child = await hold(known, listens=row.state == states.READY)
    started = row.started_at or row.state_changed_at
    return Running(child, row.observed_generation, known.port, key, started.timestamp())


async def reap(kept: Collection[int]) -> None:
    """Ends processes that carry the router's mark and belong to no row, and their children."""
    await asyncio.to_thread(reap_marked, mark(), kept)
