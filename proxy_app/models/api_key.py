"""Who may use the gateway."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.utils import timezone

from models_app.models import LlamaModel

SCOPES: Final = ("infer", "read", "operate", "admin")
MAX_NAME: Final = 100


class Capture(models.TextChoices):
    AS_SET = "", "as the setting says"
    OFF = "off", "never"
    ERRORS = "errors", "failed requests"
    ALL = "all", "all requests"


class ApiKey(models.Model):
    """A key of the gateway and the management API. Its secret is not kept, only a digest of it."""

    name = models.CharField(max_length=MAX_NAME)
    public_id = models.CharField(max_length=8, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(default=list)  # of SCOPES
    # Without `limited` every model; with it those of `llama_models`, even when none is left.
    limited = models.BooleanField(default=False)
    llama_models = models.ManyToManyField(LlamaModel, blank=True, related_name="api_keys")
    enabled = models.BooleanField(default=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    tokens_per_minute = models.PositiveIntegerField(null=True, blank=True)
    tokens_per_month = models.PositiveBigIntegerField(null=True, blank=True)
    max_running = models.PositiveIntegerField(null=True, blank=True)  # requests at the same time
    weight = models.FloatField(default=1.0)  # of its share, where several keys want the same
    priority = models.SmallIntegerField(default=0)  # -1 batch, 0 normal, 1 urgent
    capture = models.CharField(max_length=6, blank=True, choices=Capture, default=Capture.AS_SET)
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


class KeyMonth(models.Model):
    """Tokens of a key in one month of UTC, for its quota."""

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="months")
    month = models.DateField()  # its first day
    tokens = models.PositiveBigIntegerField(default=0)
    requests = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["api_key", "month"], name="key_month_once"),
        ]

    def __str__(self) -> str:
        return f"{self.tokens} tokens in {self.month:%Y-%m}"
