"""Which processes of an earlier life of ours are taken over, and which are ended."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import psutil

from engine_app.child_environment import owner
from engine_app.core import states
from engine_app.process import Child
from engine_app.running import identity
from engine_app.running.identity import Identity
from engine_app.running.survivors import Survivor

logger = logging.getLogger(__name__)
TERM_SECONDS: Final = 3.0
KILL_SECONDS: Final = 5.0
# Before that it does not listen yet; one that waits for its last requests does.
_LISTENS: Final = (*states.SERVING, states.LOADING, states.STOPPING)


class Stranger(Exception):
    """Why a process is not surely the engine's own."""


@dataclass(frozen=True, slots=True)
class Adopted:
    child: Child
    run_id: int
    port: int


async def adopt(survivor: Survivor) -> Adopted:
    """Raises Stranger."""
    known, run_id = survivor.identity, survivor.run_id
    if known is None or run_id is None:
        raise Stranger("its process was never written down")
    listens = survivor.state in _LISTENS and not survivor.is_told_to_end
    why = await asyncio.to_thread(_strange, known, listens)
    if why is not None:
        raise Stranger(why)
    try:
        child = Child(known.pid)
    except ProcessLookupError:
        raise Stranger("its process is gone") from None
    if child.started_ticks != known.started_ticks:  # replaced between the look and the hold
        child.let_go()
        raise Stranger("its process number belongs to another process now")
    return Adopted(child, run_id, known.port)


def _strange(known: Identity, listens: bool) -> str | None:
    if why := identity.stranger(known):
        return why
    if listens and not identity.owns_port(known.pid, known.port):
        return f"its process does not listen on port {known.port}"
    return None


async def reap(kept: Collection[int]) -> None:
    """Ends processes that carry our mark and belong to no engine: what was started a moment before
    we were killed, or whose row was deleted since."""
    await asyncio.to_thread(_reap, kept)


def _reap(kept: Collection[int]) -> None:
    left = [
        process
        for pid, engine_id in identity.marked(owner())
        if not _belongs(pid, kept)
        and (process := _held(pid, f"of engine {engine_id} belongs to nobody")) is not None
    ]
    left += [
        process
        for pid in identity.questions_of_the_dead(owner())
        if (process := _held(pid, "was asked what it is by one of us that is gone")) is not None
    ]
    for process in left:
        _signal(process, kill=False)
    _, alive = psutil.wait_procs(left, timeout=TERM_SECONDS)
    for process in alive:
        _signal(process, kill=True)
    psutil.wait_procs(alive, timeout=KILL_SECONDS)


def _belongs(pid: int, kept: Collection[int]) -> bool:
    """To one of those: of its group, or started by it."""
    try:
        if os.getpgid(pid) in kept:
            return True
        return any(parent.pid in kept for parent in psutil.Process(pid).parents())
    except (ProcessLookupError, psutil.Error):
        return False


def _held(pid: int, why: str) -> psutil.Process | None:
    """psutil remembers when it was started, and never signals another under the same number."""
    try:
        process = psutil.Process(pid)
    except psutil.Error:
        return None
    logger.warning("process %s %s: it is ended", pid, why)
    return process


def _signal(process: psutil.Process, *, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.Error:
        return
