"""The only place that runs loops: take the lease, then run them all until told to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from agent_app.lease import AgentLease
from agent_app.loops import Loop, wait_any

logger = logging.getLogger(__name__)
STANDBY_SECONDS = 1.0


class Agent:
    """Guarantees: at most one agent a data directory; one loop's death ends `run` with its error.

    Without the lease it stands by and takes over as soon as the holder is gone, however it died.
    """

    def __init__(self, lease: AgentLease, loops: Sequence[Loop]) -> None:
        self._lease = lease
        self._loops = loops

    async def run(self, stop: asyncio.Event) -> None:
        if not await self._take_lease(stop):
            return
        try:
            logger.info("agent runs: %s", ", ".join(loop.name for loop in self._loops))
            async with asyncio.TaskGroup() as group:
                for loop in self._loops:
                    group.create_task(loop.run(stop), name=loop.name)
        finally:
            self._lease.release()

    async def _take_lease(self, stop: asyncio.Event) -> bool:
        told = False
        while not self._lease.acquire():
            if not told:
                logger.warning("agent %s runs already; standing by", self._lease.holder())
                told = True
            if await wait_any(STANDBY_SECONDS, stop):
                return False
        return True
