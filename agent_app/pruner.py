"""The agent's pruner: applies the retention policies every hour."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError, connections
from django.utils import timezone

from agent_app import free_pages
from agent_app.loops import drop_stale_connection, status, wait_any
from llamadash import perf
from llamadash.failures import let_go
from settings_app import retention
from settings_app.models import RetentionPolicy

logger = logging.getLogger(__name__)
FIRST_SECONDS: Final = 180.0  # a start has other things to do
INTERVAL_SECONDS: Final = 3_600.0
LATE_AFTER: Final = timedelta(hours=3)
# Longer than a commit holds the lock: writers that wait ask again every few milliseconds.
PAUSE_SECONDS: Final = 0.01


@dataclass(frozen=True, slots=True)
class LastRun:
    """When all policies had last been applied, and how many rows that deleted."""

    at: datetime | None
    n_rows: int
    is_late: bool


def last_run() -> LastRun:
    """From the database, so that a web process without an agent knows it too."""
    policies = [policy for policy, _ in retention.policies()]
    known = [policy.pruned_at for policy in policies if policy.pruned_at is not None]
    at = min(known) if len(known) == len(policies) and known else None
    # Never applied is late once the policies have been there for so long.
    made = [policy.updated_at for policy in policies if policy.updated_at is not None]
    since = at or min(made, default=timezone.now())
    n_rows = sum(policy.pruned_rows or 0 for policy in policies)
    return LastRun(at, n_rows, timezone.now() - since > LATE_AFTER)


class Pruner:
    """Deletes in short commits with a pause after each, and stops between two of them. A database
    that is busy or full is tried again at the next turn.
    """

    name = "pruner"

    def __init__(self, first_seconds: float = FIRST_SECONDS) -> None:
        self._status = status(self.name)
        self._first_seconds = first_seconds

    async def run(self, stop: asyncio.Event) -> None:
        # A thread of its own: a first run can take minutes, and other loops share Django's.
        with ThreadPoolExecutor(1, self.name) as thread, _told_by(stop) as stopped:
            loop = asyncio.get_running_loop()
            seconds = self._first_seconds
            while not await wait_any(seconds, stop):
                await loop.run_in_executor(thread, self.step, stopped)
                seconds = INTERVAL_SECONDS
            await loop.run_in_executor(thread, connections.close_all)

    def step(self, stopped: threading.Event | None = None) -> int:
        """Applies every policy once. The rows deleted."""
        stopped = stopped or threading.Event()
        drop_stale_connection()
        started = time.perf_counter()
        try:
            return self._prune(stopped)
        except DatabaseError as error:
            logger.warning("records are not pruned now: %s", error)
            let_go(error)
            return 0
        finally:
            self._status.stepped(time.perf_counter() - started)

    @perf.timed("agent.prune", slow_seconds=600.0)
    def _prune(self, stopped: threading.Event) -> int:
        total = 0
        for policy, kind in retention.policies():
            n_rows = 0
            for n in kind.prune(retention.limit_of(policy), time.time()):
                n_rows += n
                if stopped.wait(PAUSE_SECONDS):
                    return total + n_rows
            total += n_rows
            _applied(policy, n_rows)
        for _ in free_pages.give_back():
            if stopped.wait(PAUSE_SECONDS):
                break
        if total:
            logger.info("pruned %d rows", total)
        return total


@contextmanager
def _told_by(stop: asyncio.Event) -> Iterator[threading.Event]:
    """What a thread can look at: set when `stop` is."""
    stopped = threading.Event()

    async def tell() -> None:
        await stop.wait()
        stopped.set()

    telling = asyncio.create_task(tell())
    try:
        yield stopped
    finally:
        stopped.set()
        telling.cancel()


def _applied(policy: RetentionPolicy, n_rows: int) -> None:
    if policy._state.adding:
        policy.save()
    # By update(): `updated_at` and what someone saves meanwhile are not touched.
    RetentionPolicy.objects.filter(pk=policy.pk).update(
        pruned_at=timezone.now(), pruned_rows=n_rows
    )
