"""A router that llamadash runs itself: llama-server with our presets, at most one on a node."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils import timezone

from engine_app.core import states
from engine_app.models.attached import AttachedServer
from engine_app.models.engine import Desired, EngineBinary, EngineState

MOST_LOADED: Final = 16
USUALLY_LOADED: Final = 4  # as llama-server has it


class OwnRouter(models.Model):
    """`desired`, `generation` and `most_loaded` are what is wanted; the rest is what is seen, and
    only the agent of the node writes it."""

    node = models.CharField(max_length=100, unique=True)
    desired = models.CharField(max_length=8, choices=Desired, default=Desired.STOPPED)
    generation = models.PositiveIntegerField(default=0)
    most_loaded = models.PositiveSmallIntegerField(default=USUALLY_LOADED)  # 0: no limit

    server = models.OneToOneField(
        AttachedServer, null=True, on_delete=models.SET_NULL, related_name="own_router"
    )
    state = models.CharField(max_length=8, choices=EngineState, default=EngineState.STOPPED)
    state_changed_at = models.DateTimeField(default=timezone.now)
    observed_generation = models.PositiveIntegerField(default=0)
    ready_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    reason_code = models.CharField(max_length=32, blank=True)
    reason = models.TextField(blank=True)
    advice = models.TextField(blank=True)
    retry_at = models.DateTimeField(null=True)  # of a failed one that is tried again
    n_failures = models.PositiveIntegerField(default=0)  # in a row

    binary = models.ForeignKey(EngineBinary, null=True, on_delete=models.SET_NULL)
    argv = models.JSONField(default=list)
    n_presets = models.PositiveIntegerField(default=0)
    left_out = models.JSONField(default=list)  # [[what, why], …] of the presets
    pid = models.PositiveIntegerField(null=True)
    pid_started = models.BigIntegerField(null=True)  # clock ticks since boot
    executable = models.TextField(blank=True)
    port = models.PositiveIntegerField(null=True)

    def __str__(self) -> str:
        return f"router of {self.node} ({self.state})"

    @property
    def source(self) -> str:
        """Its name for logs."""
        return f"router.{self.pk}"

    @property
    def is_wanted(self) -> bool:
        return self.desired == Desired.RUNNING

    @property
    def is_alive(self) -> bool:
        return self.state in states.ALIVE
