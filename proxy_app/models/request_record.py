"""What was asked of the gateway."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from models_app.models import LlamaModel
from proxy_app.models.api_key import MAX_NAME, ApiKey


class RequestRecord(models.Model):
    """One request to the gateway, written when it has ended. What is not known is null."""

    id = models.BigAutoField(primary_key=True)
    public_id = models.CharField(max_length=20, unique=True)  # x-llamadash-request-id
    started_at = models.DateTimeField()
    api_key = models.ForeignKey(
        ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="requests"
    )
    # Who was logged in, where no key was needed.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    key_name = models.CharField(max_length=MAX_NAME, blank=True)  # or its account's, as it was then
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
    # Of the prompt, in messages: what it shares with the one before it in the conversation, and the
    # number of the first one that differs from what stood there.
    shared_messages = models.PositiveIntegerField(null=True, blank=True)
    left_at_message = models.PositiveIntegerField(null=True, blank=True)
    finish_reason = models.CharField(max_length=64, blank=True)
    request_bytes = models.BigIntegerField(default=0)
    response_bytes = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # The list, by the time they began: of one key, ...
            models.Index(fields=["api_key", "started_at"], name="request_key_started"),
            # ... of one model, ...
            models.Index(fields=["llama_model", "started_at"], name="request_model_started"),
            # ... of one account, ...
            models.Index(fields=["user", "started_at"], name="request_user_started"),
            # ... of those that were not done, ...
            models.Index(
                fields=["started_at"],
                condition=models.Q(error_code__gt=""),
                name="request_not_done",
            ),
            # ... and of all; ranges of the charts, and pruning by age.
            models.Index(fields=["started_at"], name="request_started"),
        ]

    def __str__(self) -> str:
        return f"request {self.public_id}"


class RequestCapture(models.Model):
    """What was said, of a request whose bodies are kept. Without secrets and media, and cut."""

    request = models.OneToOneField(
        RequestRecord, on_delete=models.CASCADE, related_name="capture", primary_key=True
    )
    asked = models.TextField(blank=True)
    answered = models.TextField(blank=True)
    is_cut = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"bodies of request {self.pk}"
