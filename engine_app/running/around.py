"""What all engines of a supervisor share."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from engine_app.core.verdict import Verdict
from engine_app.running import records
from engine_app.running.patience import Patience
from engine_app.running.programs import Programs
from engine_app.running.rows import rows
from logs_app import lifecycle

if TYPE_CHECKING:
    from engine_app.running.launching import Running

logger = logging.getLogger(__name__)
# topic, name of the event, what it says
Tell = Callable[[str, str, dict[str, Any]], None]
# The engine's number and its process: entered when that begins, left when it has ended.
Follow = Callable[[int, "Running"], AbstractContextManager[None]]
TOPIC = "engines"  # what lists of engines listen to


def tell_nobody(topic: str, name: str, data: dict[str, Any]) -> None:
    pass


def follow_nothing(engine_id: int, running: Running) -> AbstractContextManager[None]:
    return nullcontext()


class Neighbours(Protocol):
    """The other engines of the supervisor."""

    async def busy(self, engines: Collection[int]) -> set[int]:
        """Those of them that answer requests, or may."""

    async def evict(self, engine_id: int, verdict: Verdict) -> bool:
        """Has it stopped, and nobody wants it any more; False when it is not to be had."""


class NoNeighbours:
    async def busy(self, engines: Collection[int]) -> set[int]:
        return set(engines)

    async def evict(self, engine_id: int, verdict: Verdict) -> bool:
        return False


# The kernel has taken a process's RAM back when it says that it has ended; a driver takes longer.
RAM_SECONDS: Final = 1.0
GPU_SECONDS: Final = 8.0


@dataclass(frozen=True, slots=True)
class Left:
    """What an engine had whose process has ended."""

    engine_id: int
    name: str
    claim: dict[str, int]
    at: float  # monotonic


@dataclass(slots=True)
class Around:
    node: str
    ports: range
    tell: Tell = tell_nobody
    follow: Follow = follow_nothing
    patience: Patience = field(default_factory=Patience)
    # Ports that were given away a moment ago, and that nobody listens on yet.
    promised: set[int] = field(default_factory=set)
    neighbours: Neighbours = field(default_factory=NoNeighbours)
    # Held from the look at memory until what was decided is in the row: two starts never count the
    # same memory.
    deciding: asyncio.Lock = field(default_factory=asyncio.Lock)
    left: dict[int, Left] = field(default_factory=dict)
    programs: Programs = field(default_factory=Programs)

    async def told(self, engine_id: int) -> None:
        """Tells what the row says now."""
        if (data := await rows(records.described, engine_id)) is not None:
            self.tell(f"engine.{engine_id}", "engine.state", data)
            self.tell(TOPIC, "engine.state", data)


def note(source: str, level: str, text: str) -> None:
    """Among the engine's own lines, and in our log. A full disk keeps no engine from running."""
    logger.log(logging.getLevelNamesMapping()[level.upper()], "%s: %s", source, text)
    with contextlib.suppress(OSError):
        lifecycle.note(source, level, text)
