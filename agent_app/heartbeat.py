from __future__ import annotations

import asyncio
import logging
import os
import time
from datetime import datetime

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from agent_app.loops import drop_stale_connection, status, wait_any
from agent_app.models import AgentHeartbeat
from llamadash import perf
from llamadash.failures import let_go
from llamadash.version import VERSION
from settings_app import diagnostics

logger = logging.getLogger(__name__)


class Heartbeat:
    """Writes a sign of life every five seconds. A busy database costs a beat, not the process."""

    name = "heartbeat"
    interval_seconds = 5.0

    def __init__(self) -> None:
        self._started_at: datetime = timezone.now()
        self._status = status(self.name)

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            started = time.perf_counter()
            await sync_to_async(self.step)()
            self._status.stepped(time.perf_counter() - started)
            await wait_any(self.interval_seconds, stop)
        await sync_to_async(self.end)()

    def step(self) -> None:
        """Also brings log levels and the like to what was changed by another process."""
        drop_stale_connection()
        diagnostics.keep_up()
        try:
            self._beat()
        except OperationalError as error:
            logger.warning("heartbeat not written: %s", error)
            let_go(error)

    @perf.timed("agent.heartbeat")
    def _beat(self) -> None:
        AgentHeartbeat.objects.update_or_create(
            node=settings.NODE,
            defaults={
                "pid": os.getpid(),
                "version": VERSION,
                "started_at": self._started_at,
                "seen_at": timezone.now(),
            },
        )

    def end(self) -> None:
        """A stopped agent is not a silent one: its row goes."""
        try:
            AgentHeartbeat.objects.filter(node=settings.NODE, pid=os.getpid()).delete()
        except OperationalError as error:
            logger.warning("heartbeat not removed: %s", error)
