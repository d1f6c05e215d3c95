"""Which processes of an earlier life of ours are taken over, and which are ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection, Iterable, Mapping
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
NEVER_WRITTEN: Final = "its process was never written down"
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
        raise Stranger(NEVER_WRITTEN)
    listens = survivor.state in _LISTENS and not survivor.is_told_to_end
    return Adopted(await hold(known, listens=listens), run_id, known.port)


async def hold(known: Identity, *, listens: bool) -> Child:
    """The process that was started as this, and no other. Raises Stranger."""
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
    return child


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
    strays = {
        pid: f"of engine {engine_id} belongs to nobody"
        for pid, engine_id in identity.marked(owner())
        if not identity.belongs(pid, kept)
    }
    asked = identity.questions_of_the_dead(owner())
    end_strays(strays | dict.fromkeys(asked, "was asked what it is by one of us that is gone"))


def reap_marked(mark: str, kept: Collection[int]) -> None:
    """The same for those that carry this very mark. Blocks."""
    carrying = [process.pid for process in identity.carrying(mark)]
    strays = [pid for pid in carrying if not identity.belongs(pid, kept)]
    end_strays(dict.fromkeys(strays, "of a router belongs to nobody"))


def end_strays(why_by_pid: Mapping[int, str]) -> None:
    """TERM, then KILL. psutil remembers when each was started, and never signals another under the
    same number."""
    left: list[psutil.Process] = []
    for pid, why in why_by_pid.items():
        with contextlib.suppress(psutil.Error):
            left.append(psutil.Process(pid))
            logger.warning("process %s %s: it is ended", pid, why)
    _signal(left, kill=False)
    _, alive = psutil.wait_procs(left, timeout=TERM_SECONDS)
    _signal(alive, kill=True)
    psutil.wait_procs(alive, timeout=KILL_SECONDS)


def _signal(processes: Iterable[psutil.Process], *, kill: bool) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill() if kill else process.terminate()
