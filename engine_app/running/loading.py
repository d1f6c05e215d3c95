"""How far an engine is with its model."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from engine_app.running import records
from engine_app.running.around import Around
from engine_app.running.launching import Running
from engine_app.running.resident import resident
from engine_app.running.rows import rows
from logs_app.tail import last_lines

LOOK_SECONDS: Final = 0.5  # a look costs some file reads, and a row
MOST_RATIO: Final = 0.99  # all is read, and not yet ready
WARMS_UP: Final = "warming up"
RECENT_LINES: Final = 40


class Loading:
    def __init__(self, engine_id: int, source: str, around: Around) -> None:
        self._engine_id = engine_id
        self._source = source
        self._around = around
        self._looked_at = time.monotonic()
        self._has_answered = False
        self._shown: tuple[str, float | None] = ("", None)

    async def answers(self, running: Running) -> None:
        """It says that it loads."""
        if not self._has_answered:
            self._has_answered = True
            await rows(records.answers, self._engine_id, running.run_id)
            await self._around.told(self._engine_id)
        await self.goes_on(running)

    async def goes_on(self, running: Running) -> None:
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS or not self._has_answered:
            return
        self._looked_at = now
        shown = await asyncio.to_thread(self._look, running)
        if shown != self._shown:
            self._shown = shown
            await rows(records.progress, self._engine_id, *shown)
            await self._around.told(self._engine_id)

    def _look(self, running: Running) -> tuple[str, float | None]:
        lines = last_lines(self._source, RECENT_LINES, running.since)
        if any(WARMS_UP in line for line in lines):
            return "warm-up", None
        found = resident(running.child.pid)
        if found is None or not running.size_bytes:
            return "load", None
        before = self._shown[1] or 0.0
        ratio = min(found.loaded_bytes / running.size_bytes, MOST_RATIO)
        return "load", round(max(before, ratio), 2)
