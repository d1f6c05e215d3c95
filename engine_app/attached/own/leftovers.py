"""What an earlier process of ours has left of its router: taken over, or ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Collection

import psutil

from engine_app.attached.own.launching import mark
from engine_app.core import states
from engine_app.models import OwnRouter
from engine_app.process import Child
from engine_app.running import identity
from engine_app.running.adopting import KILL_SECONDS, TERM_SECONDS, Stranger
from engine_app.running.identity import Identity
from engine_app.running.launching import Running

__all__ = ["Stranger", "adopt", "reap"]
logger = logging.getLogger(__name__)


async def adopt(row: OwnRouter, key: str) -> Running:
    """Raises Stranger."""
    if row.pid is None or row.pid_started is None or row.port is None:
        raise Stranger("its process was never written down")
    known = Identity(row.pid, row.pid_started, row.port, mark())
    why = await asyncio.to_thread(_strange, known, row.state == states.READY)
    if why is not None:
        raise Stranger(why)
    try:
        child = Child(known.pid)
    except ProcessLookupError:
        raise Stranger("its process is gone") from None
    if child.started_ticks != known.started_ticks:  # replaced between the look and the hold
        child.let_go()
        raise Stranger("its process number belongs to another process now")
    started = row.started_at or row.state_changed_at
    return Running(child, row.observed_generation, known.port, key, started.timestamp())


def _strange(known: Identity, listens: bool) -> str | None:
    if why := identity.stranger(known):
        return why
    if listens and not identity.owns_port(known.pid, known.port):
        return f"its process does not listen on port {known.port}"
    return None


def reap(marked: str, kept: Collection[int]) -> None:
    """Ends processes that carry the router's mark and belong to no row, and their children."""
    left = [
        process
        for process in psutil.process_iter()
        if process.pid != os.getpid()
        and identity.mark(process.pid) == marked
        and _group(process.pid) not in kept
    ]
    for process in left:
        logger.warning("process %s of a router belongs to nobody any more: ended", process.pid)
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(left, timeout=TERM_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=KILL_SECONDS)


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return -1
