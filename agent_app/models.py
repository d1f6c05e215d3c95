from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import models
from django.utils import timezone

STALE_AFTER: Final = timedelta(seconds=15)


class AgentHeartbeat(models.Model):
    """Proof of life of the one agent of a node, written every five seconds."""

    node = models.CharField(max_length=100, unique=True)
    pid = models.PositiveIntegerField()
    version = models.CharField(max_length=32)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["node"]

    def __str__(self) -> str:
        return self.node

    @property
    def is_alive(self) -> bool:
        return timezone.now() - self.seen_at < STALE_AFTER
