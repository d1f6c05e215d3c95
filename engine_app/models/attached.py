"""Servers that run elsewhere, or as our own router, and the models they offer."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from engine_app.core import server_answers as answers
from engine_app.core.server_address import Address
from models_app.models import LlamaModel

MAX_NAME: Final = 100
MAX_KEY: Final = 1000


class Role(models.TextChoices):
    UNKNOWN = answers.UNKNOWN, "not known yet"
    ROUTER = answers.ROUTER, "router"
    SINGLE = answers.SINGLE, "single server"


class ServerState(models.TextChoices):
    UNKNOWN = "unknown", "not asked yet"
    REACHABLE = "reachable", "answers"
    UNREACHABLE = "unreachable", "does not answer"
    REFUSED = "refused", "refuses the key"
    WRONG = "wrong", "no llama-server"


class ModelState(models.TextChoices):
    UNLOADED = answers.UNLOADED, "unloaded"
    DOWNLOADING = answers.DOWNLOADING, "downloading"
    LOADING = answers.LOADING, "loading"
    LOADED = answers.LOADED, "loaded"
    SLEEPING = answers.SLEEPING, "sleeping"
    FAILED = answers.FAILED, "failed"
    UNKNOWN = answers.UNKNOWN, "unknown"


class AttachedServerQuerySet(models.QuerySet["AttachedServer"]):
    def here(self, node: str) -> AttachedServerQuerySet:
        return self.filter(node=node)

    def to_follow(self, node: str) -> AttachedServerQuerySet:
        return self.here(node).filter(enabled=True)


class AttachedServer(models.Model):
    """A llama-server that is asked and not supervised.

    Who attaches it writes address, name, `enabled`, and raises `generation`; the rest is what the
    agent of the node has seen. Its key is in a file (attached/keys.py), never here.
    """

    name = models.CharField(max_length=MAX_NAME)
    node = models.CharField(max_length=100)
    scheme = models.CharField(max_length=5)
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField()
    prefix = models.CharField(max_length=500, blank=True)
    enabled = models.BooleanField(default=True)
    managed = models.BooleanField(default=False)  # a router that we started: it comes and goes
    generation = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    role = models.CharField(max_length=8, choices=Role, default=Role.UNKNOWN)
    state = models.CharField(max_length=12, choices=ServerState, default=ServerState.UNKNOWN)
    state_changed_at = models.DateTimeField(default=timezone.now)
    reason = models.TextField(blank=True)
    build = models.CharField(max_length=answers.MAX_TEXT, blank=True)
    most_loaded = models.BigIntegerField(null=True, blank=True)  # of a router; 0: no limit
    loads_by_itself = models.BooleanField(null=True, blank=True)  # of a router
    n_slots = models.BigIntegerField(null=True, blank=True)  # of a single server
    n_left_out = models.PositiveIntegerField(default=0)  # models it offers that are not listed
    # Both written with every change and once a minute, not with every look.
    last_seen_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)

    objects = AttachedServerQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint("node", Lower("name"), name="attached_name_once"),
            models.UniqueConstraint(
                fields=["node", "scheme", "host", "port", "prefix"], name="attached_address_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("attached:detail", args=[self.pk])

    @property
    def source(self) -> str:
        """Its name for figures and topics."""
        return f"attached.{self.pk}"

    @property
    def address(self) -> Address:
        return Address(self.scheme, self.host, self.port, self.prefix)

    @property
    def is_reachable(self) -> bool:
        return self.enabled and self.state == ServerState.REACHABLE

    @property
    def can_load(self) -> bool:
        """Whether models can be loaded and unloaded there."""
        return self.is_reachable and self.role == Role.ROUTER


class AttachedModel(models.Model):
    """A model that a server offers, as it was last seen. Only the agent writes these rows."""

    server = models.ForeignKey(AttachedServer, on_delete=models.CASCADE, related_name="models")
    model_id = models.CharField(max_length=answers.MAX_ID)  # as the server calls it
    aliases = models.JSONField(default=list, blank=True)
    llama_model = models.ForeignKey(
        LlamaModel, null=True, blank=True, on_delete=models.SET_NULL, related_name="attached"
    )
    state = models.CharField(max_length=12, choices=ModelState, default=ModelState.UNKNOWN)
    progress = models.FloatField(null=True, blank=True)  # of loading, 0 to 1; null: not told
    exit_code = models.IntegerField(null=True, blank=True)  # of a failed one
    args = models.JSONField(default=list, blank=True)
    path = models.TextField(blank=True)  # on the server's machine
    child_port = models.PositiveIntegerField(null=True, blank=True)  # its log lines carry it
    context = models.BigIntegerField(null=True, blank=True)  # tokens
    size_bytes = models.BigIntegerField(null=True, blank=True)
    modalities = models.JSONField(default=list, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["model_id"]
        constraints = [
            # A server's models, by name.
            models.UniqueConstraint(fields=["server", "model_id"], name="attached_model_once"),
        ]

    def __str__(self) -> str:
        return self.model_id

    @property
    def is_in_memory(self) -> bool:
        return self.state in (ModelState.LOADED, ModelState.SLEEPING)

    @property
    def can_be_loaded(self) -> bool:
        return self.state in (ModelState.UNLOADED, ModelState.FAILED)

    @property
    def can_be_unloaded(self) -> bool:
        return self.is_in_memory or self.state in (ModelState.LOADING, ModelState.DOWNLOADING)
