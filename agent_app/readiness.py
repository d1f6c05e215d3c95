"""What must be true for this installation to serve."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import DatabaseError

from agent_app.models import AgentHeartbeat

LEAST_FREE_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    word: str


def readiness() -> list[Check]:
    try:
        agent = AgentHeartbeat.objects.filter(node=settings.NODE).first()
    except DatabaseError as error:
        return [Check("database", False, type(error).__name__), disk()]
    return [Check("database", True, "ok"), agent_check(agent), disk()]


def agent_check(heartbeat: AgentHeartbeat | None) -> Check:
    if heartbeat is None:
        return Check("agent", False, "never seen")
    return Check("agent", heartbeat.is_alive, "ok" if heartbeat.is_alive else "silent")


def disk() -> Check:
    try:
        free_bytes = shutil.disk_usage(settings.DATA_DIR).free
    except OSError as error:
        return Check("disk", False, error.strerror or "unreadable")
    enough = free_bytes >= LEAST_FREE_BYTES
    return Check("disk", enough, "ok" if enough else "nearly full")
