"""What all engines of a supervisor share."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine_app import discovery
from engine_app.running import records
from engine_app.running.patience import Patience
from engine_app.running.rows import rows
from logs_app import lifecycle

logger = logging.getLogger(__name__)
# topic, name of the event, what it says
Tell = Callable[[str, str, dict[str, Any]], None]
TOPIC = "engines"  # what lists of engines listen to


def tell_nobody(topic: str, name: str, data: dict[str, Any]) -> None:
    pass


@dataclass(slots=True)
class Around:
    node: str
    ports: range
    tell: Tell = tell_nobody
    patience: Patience = field(default_factory=Patience)
    # Ports that were given away a moment ago, and that nobody listens on yet.
    promised: set[int] = field(default_factory=set)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _seen: list[discovery.Candidate] | None = None

    async def told(self, engine_id: int) -> None:
        """Tells what the row says now."""
        if (data := await rows(records.described, engine_id)) is not None:
            self.tell(f"engine.{engine_id}", "engine.state", data)
            self.tell(TOPIC, "engine.state", data)

    async def find_programs(self) -> None:
        """Cheap when nothing has changed since the last time."""
        async with self._looking:
            found = await asyncio.to_thread(discovery.candidates)
            if found == self._seen:
                return
            asked = await rows(discovery.questions, found)
            answers = [(each, await asyncio.to_thread(discovery.answer, each)) for each in asked]
            await rows(discovery.register, answers)
            works = all(answer is None or not answer.problem for _, answer in answers)
            self._seen = found if works else None


def note(source: str, level: str, text: str) -> None:
    """Among the engine's own lines, and in our log. A full disk keeps no engine from running."""
    logger.log(logging.getLevelNamesMapping()[level.upper()], "%s: %s", source, text)
    with contextlib.suppress(OSError):
        lifecycle.note(source, level, text)
