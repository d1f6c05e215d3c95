from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django.db import connections

from agent_app.loops import drop_stale_connection, status, wait_any
from logs_app.kept_lines import KeptLines
from logs_app.pump import Pump

POLL_SECONDS: Final = 0.15


class LogPumping:
    """Reads the logs several times a second, in a thread; another one writes rows, so that a busy
    database delays no file."""

    name = "log pump"

    def __init__(self, make: Callable[[KeptLines], Pump]) -> None:
        self._make = make
        self._kept = KeptLines()
        self._reader = ThreadPoolExecutor(1, "log-pump")
        self._writer = ThreadPoolExecutor(1, "log-writer")
        self._writing: asyncio.Future[None] | None = None
        self._status = status(self.name)

    async def run(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        pump = await loop.run_in_executor(self._reader, self._make, self._kept)
        try:
            while not stop.is_set():
                started = time.perf_counter()
                await loop.run_in_executor(self._reader, pump.step)
                self._write_when_due()
                self._status.stepped(time.perf_counter() - started)
                await wait_any(0 if pump.is_behind else POLL_SECONDS, stop)
            await loop.run_in_executor(self._reader, pump.step)  # what came meanwhile
        finally:
            await loop.run_in_executor(self._reader, _with_connections_closed, pump.close)
            await loop.run_in_executor(self._writer, _with_connections_closed, self._write)
            self._reader.shutdown(wait=False)
            self._writer.shutdown(wait=False)

    def _write_when_due(self) -> None:
        """Raises what ended the former write: trouble of the database is not among it."""
        if not self._kept.is_due:
            return
        if self._writing is not None:
            if not self._writing.done():
                return
            self._writing.result()
        loop = asyncio.get_running_loop()
        self._writing = loop.run_in_executor(self._writer, self._write)

    def _write(self) -> None:
        drop_stale_connection()
        while self._kept.write():
            pass


def _with_connections_closed(action: Callable[[], None]) -> None:
    action()
    connections.close_all()
