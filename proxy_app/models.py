"""Who may use the gateway, and what was asked of it."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils import timezone

from models_app.models import LlamaModel

SCOPES: Final = ("infer", "read", "operate", "admin")
MAX_NAME: Final = 100


class ApiKey(models.Model):
    """A key of the gateway and the management API. Its secret is not kept, only a digest of it."""

    name = models.CharField(max_length=MAX_NAME)
    public_id = models.CharField(max_length=8, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(default=list)  # of SCOPES
    # None at all: every model.
    llama_models = models.ManyToManyField(LlamaModel, blank=True, related_name="api_keys")
    enabled = models.BooleanField(default=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    tokens_per_minute = models.PositiveIntegerField(null=True, blank=True)
    tokens_per_month = models.PositiveBigIntegerField(null=True, blank=True)
    max_running = models.PositiveIntegerField(null=True, blank=True)  # requests at the same time
    weight = models.FloatField(default=1.0)  # of its share, where several keys want the same
    priority = models.SmallIntegerField(default=0)  # -1 batch, 0 normal, 1 urgent
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    last_used_at = models.DateTimeField(null=True, blank=True)  # written once a minute at most

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def prefix(self) -> str:
        """What is shown of it."""
        return f"ld_{self.public_id}"


class RequestRecord(models.Model):
    """One request to the gateway, written when it has ended. What is not known is null."""

    id = models.BigAutoField(primary_key=True)
    public_id = models.CharField(max_length=20, unique=True)  # x-llamadash-request-id
    started_at = models.DateTimeField()
    api_key = models.ForeignKey(
        ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="requests"
    )
    key_name = models.CharField(max_length=MAX_NAME, blank=True)  # as it was called then
    client = models.CharField(max_length=100, blank=True)  # address
    model_name = models.CharField(max_length=512, blank=True)  # as it was asked for
    llama_model = models.ForeignKey(
        LlamaModel, null=True, blank=True, on_delete=models.SET_NULL, related_name="requests"
    )
    engine_id = models.BigIntegerField(null=True, blank=True)
    dialect = models.CharField(max_length=12, blank=True)
    path = models.CharField(max_length=100)
    status = models.PositiveSmallIntegerField()
    is_stream = models.BooleanField(default=False)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    queue_seconds = models.FloatField(null=True, blank=True)
    first_byte_seconds = models.FloatField(null=True, blank=True)  # from its arrival
    total_seconds = models.FloatField(null=True, blank=True)
    prompt_tokens = models.BigIntegerField(null=True, blank=True)
    cached_tokens = models.BigIntegerField(null=True, blank=True)
    generated_tokens = models.BigIntegerField(null=True, blank=True)
    prompt_per_second = models.FloatField(null=True, blank=True)
    generated_per_second = models.FloatField(null=True, blank=True)
    draft_tokens = models.BigIntegerField(null=True, blank=True)
    draft_accepted_tokens = models.BigIntegerField(null=True, blank=True)
    finish_reason = models.CharField(max_length=64, blank=True)
    request_bytes = models.BigIntegerField(default=0)
    response_bytes = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # The list, newest first, of one key; pruning goes by id as well.
            models.Index(F("api_key"), F("id").desc(), name="request_of_key"),
            # The list of one model.
            models.Index(F("llama_model"), F("id").desc(), name="request_of_model"),
            # What has failed.
            models.Index(
                F("id").desc(), condition=models.Q(status__gte=400), name="request_failed"
            ),
            # Pruning by age, and ranges of the charts.
            models.Index(fields=["started_at"], name="request_started"),
        ]

    def __str__(self) -> str:
        return f"request {self.public_id}"
