"""The agent's scanner: has waiting scans run, and asks for them on start and on schedule.

Scans run in a process of their own at low priority. In this one they would hold the interpreter's
lock for milliseconds at a time: measured, pages took 200 ms at the 99th percentile while a thousand
models were read. It also keeps numpy, and what a scan needs of memory, out of the server.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from contextlib import suppress
from typing import Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import OperationalError

from agent_app.loops import drop_stale_connection, status, wait_any
from llamadash import perf
from llamadash.failures import let_go
from models_app import options
from models_app.models import ModelRoot, ScanTrigger
from models_app.scan import scan_requests

logger = logging.getLogger(__name__)
POLL_SECONDS: Final = 1.0  # other processes ask by a row only
DUE_SECONDS: Final = 10.0  # how often the schedule is looked at
TERM_SECONDS: Final = 5.0
MOST_HANDED_OVER_BYTES: Final = 1 << 20


class Scanner:
    """One scan at a time; a stop ends it between two files, and what it has written stays."""

    name = "scanner"

    def __init__(self) -> None:
        self._status = status(self.name)
        self._looked_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        wake = asyncio.Event()
        loop = asyncio.get_running_loop()

        def asked() -> None:
            loop.call_soon_threadsafe(wake.set)

        with scan_requests.listening(asked):
            await sync_to_async(self.begin)()
            while not stop.is_set():
                wake.clear()
                started = time.perf_counter()
                if await sync_to_async(self.step)():
                    await run_scans(stop)  # what a killed one left open, the next step marks
                self._status.stepped(time.perf_counter() - started)
                await wait_any(POLL_SECONDS, stop, wake)

    def begin(self) -> None:
        """Marks what an earlier process left open and asks for the scan at program start."""
        drop_stale_connection()
        try:
            scan_requests.recover()
            new_roots = ModelRoot.objects.enabled().filter(scanned_at=None)
            if options.SCAN_ON_START.get() or new_roots.exists():
                with suppress(scan_requests.ScanBusy, scan_requests.NothingToScan):
                    scan_requests.request_scan(trigger=ScanTrigger.START)
        except OperationalError as error:  # a busy database must not end the server
            logger.warning("no scan at start, the schedule goes on: %s", error)
            let_go(error)

    def step(self) -> bool:
        """Asks for the scan that is due. Whether one waits that can be run."""
        drop_stale_connection()
        try:
            scan_requests.recover()
            if time.monotonic() - self._looked_at >= DUE_SECONDS:
                self._looked_at = time.monotonic()
                scan_requests.request_due()
            return scan_requests.some_can_run()
        except OperationalError as error:
            logger.warning("scanner waits for the database: %s", error)
            let_go(error)
            return False


async def run_scans(stop: asyncio.Event) -> int:
    """Runs `manage.py run_scans` to its end, or until `stop`. Its exit code.

    How long its operations took is added to what this process knows.
    """
    # A session of its own: a Ctrl-C in the terminal reaches us first, and we tell the child.
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(settings.BASE_DIR / "manage.py"),
        "run_scans",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    records = asyncio.ensure_future(handed_over(child.stdout))
    ended = asyncio.ensure_future(child.wait())
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([ended, stopped], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        if child.returncode is None:
            child.terminate()
            await asyncio.wait([ended], timeout=TERM_SECONDS)
        if child.returncode is None:
            child.kill()
        code = await ended
        # Something of the child's may still hold the pipe: what matters was written by its end.
        await asyncio.wait([records], timeout=TERM_SECONDS)
        records.cancel()
    if records.done() and not records.cancelled():
        perf.monitor.merge(records.result())
    if code != 0:
        logger.warning("the scanning process ended with code %s", code)
    return code


async def handed_over(stdout: asyncio.StreamReader | None) -> bytes:
    """All is read, so that the child never waits; what is more than it can mean is dropped."""
    kept = bytearray()
    while stdout is not None and (piece := await stdout.read(1 << 16)):
        kept += piece[: max(0, MOST_HANDED_OVER_BYTES - len(kept))]
    return bytes(kept)
