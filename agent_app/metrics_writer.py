from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from django.db import connections

from agent_app.loops import drop_stale_connection
from metrics_app.sampled import Sampled


class Recording(Protocol):
    """What is kept of the figures; all but `add` wait for the database."""

    @property
    def is_due(self) -> bool: ...

    def add(self, sampled: Sampled) -> None: ...

    def start(self) -> object: ...

    def write(self) -> object: ...

    def finish(self) -> object: ...


class MetricsWriter:
    """The one thread that writes figures. While it waits for the database, nobody waits for it."""

    def __init__(self, recorder: Recording) -> None:
        self._recorder = recorder
        self._thread = ThreadPoolExecutor(1, "metrics-writer")
        self._running: asyncio.Future[None] | None = None

    def start(self) -> None:
        self._running = self._run(self._recorder.start)

    def write_when_due(self) -> None:
        """Raises what ended the former write: trouble of the database is not among it."""
        if not self._recorder.is_due:
            return
        if self._running is not None:
            if not self._running.done():
                return
            self._running.result()
        self._running = self._run(self._recorder.write)

    async def finish(self) -> None:
        """The thread does one thing after the other: what runs is ended first."""
        await self._run(self._recorder.finish)
        await asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown(wait=False)

    def _run(self, action: Callable[[], object]) -> asyncio.Future[None]:
        return asyncio.get_running_loop().run_in_executor(self._thread, _with_connection, action)


def _with_connection(action: Callable[[], object]) -> None:
    drop_stale_connection()
    action()
