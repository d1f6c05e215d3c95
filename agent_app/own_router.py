"""Runs the keeper of the router that this node runs itself."""

from __future__ import annotations

import asyncio
import time

from django.conf import settings

from agent_app.loops import status, wait_any
from engine_app import wake
from engine_app.attached.own.keeping import POLL_SECONDS, Keeper
from engine_app.options import KEEP_ON_EXIT
from engine_app.running.around import Tell, tell_nobody
from engine_app.running.programs import Programs
from engine_app.running.rows import rows


class OwnRouterLoop:
    """As the supervisor of engines does, for a process that serves many models."""

    name = "router"

    def __init__(self, tell: Tell = tell_nobody, programs: Programs | None = None) -> None:
        self._tell = tell
        self._programs = programs or Programs()
        self._status = status(self.name)

    async def run(self, stop: asyncio.Event) -> None:
        keeper = Keeper(settings.NODE, settings.PORT_RANGE, self._tell, self._programs)
        loop = asyncio.get_running_loop()

        def changed() -> None:
            loop.call_soon_threadsafe(keeper.changed.set)

        with wake.listening(changed):
            await keeper.begin()
            try:
                while not stop.is_set():
                    keeper.changed.clear()
                    started = time.perf_counter()
                    await keeper.step()
                    self._status.stepped(time.perf_counter() - started)
                    await wait_any(POLL_SECONDS, stop, keeper.changed)
            except BaseException:
                await keeper.let_go()
                raise
            await keeper.end(keep=await rows(KEEP_ON_EXIT.get))
