"""Follows the servers that are attached."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from django.conf import settings

from agent_app.loops import status, wait_any
from engine_app import wake
from engine_app.attached.following import Around, Following

LOOK_SECONDS: Final = 5.0  # rows are changed by other processes too


class AttachedServers:
    """Looks at the rows at once when one changes here; the servers are looked at by tasks of their
    own, so that one that hangs delays no other."""

    name = "attached"

    def __init__(self, around: Around) -> None:
        self._around = around
        self._status = status(self.name)

    async def run(self, stop: asyncio.Event) -> None:
        following = Following(settings.NODE, self._around)
        changed = asyncio.Event()
        loop = asyncio.get_running_loop()

        def asked() -> None:
            loop.call_soon_threadsafe(changed.set)

        with wake.listening(asked):
            await following.begin()
            try:
                while not stop.is_set():
                    started = time.perf_counter()
                    was_asked = changed.is_set()
                    changed.clear()
                    await following.step()
                    if was_asked:
                        following.look_now()
                    self._status.stepped(time.perf_counter() - started)
                    await wait_any(LOOK_SECONDS, stop, changed)
            finally:
                await following.end()
