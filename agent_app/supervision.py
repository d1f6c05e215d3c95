"""Runs the supervisor of engines."""

from __future__ import annotations

import asyncio
import time

from django.conf import settings

from agent_app.loops import status, wait_any
from engine_app import wake
from engine_app.options import KEEP_ON_EXIT
from engine_app.running.around import Around, Follow, Tell, follow_nothing, tell_nobody
from engine_app.running.programs import Programs
from engine_app.running.rows import rows
from engine_app.supervisor import Supervisor


class Supervision:
    """Looks at once when a row changes here, and each second for the changes of others.

    When it is cancelled because another loop has died, engines run on: our successor takes them
    over, and nobody who uses one notices.
    """

    name = "supervisor"

    def __init__(
        self,
        tell: Tell = tell_nobody,
        follow: Follow = follow_nothing,
        programs: Programs | None = None,
    ) -> None:
        self._tell = tell
        self._follow = follow
        self._programs = programs or Programs()
        self._status = status(self.name)

    async def run(self, stop: asyncio.Event) -> None:
        node, ports = settings.NODE, settings.PORT_RANGE
        supervisor = Supervisor(
            Around(node, ports, self._tell, self._follow, programs=self._programs)
        )
        loop = asyncio.get_running_loop()

        def changed() -> None:
            loop.call_soon_threadsafe(supervisor.changed.set)

        with wake.listening(changed):
            await supervisor.begin()
            try:
                while not stop.is_set():
                    supervisor.changed.clear()
                    started = time.perf_counter()
                    pause = await supervisor.step()
                    self._status.stepped(time.perf_counter() - started)
                    await wait_any(pause, stop, supervisor.changed)
            except BaseException:
                await supervisor.let_go()
                raise
            await supervisor.end(keep=await rows(KEEP_ON_EXIT.get))
