"""What the gateway makes of the name and the parameters of a request."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from models_app.models import LlamaModel
from proxy_app.core import choosing

MAX_NAME = 200


class ModelRewrite(models.Model):
    """Changes in requests for one model; see core/rewrites.py."""

    llama_model = models.OneToOneField(LlamaModel, on_delete=models.CASCADE, related_name="rewrite")
    strip = models.JSONField(default=list, blank=True)  # names
    default = models.JSONField(default=dict, blank=True)
    set = models.JSONField(default=dict, blank=True)
    system_prefix = models.TextField(blank=True)
    max_tokens = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"rewrite of {self.llama_model_id}"


class How(models.TextChoices):
    FIRST = choosing.FIRST, "the first of them"
    LOADED = choosing.LOADED, "the first that is loaded"
    SPILL = choosing.SPILL, "the first with a free slot"


class VirtualModel(models.Model):
    """A name that stands for several models."""

    name = models.CharField(max_length=MAX_NAME, unique=True)
    members = models.JSONField(default=list)  # ids, in order
    how = models.CharField(max_length=8, choices=How, default=How.LOADED)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Profile(models.Model):
    """While it is active, names mean other models: {"gpt-4o": "qwen3-30b"}."""

    name = models.CharField(max_length=MAX_NAME, unique=True)
    description = models.CharField(max_length=500, blank=True)
    pins = models.JSONField(default=dict)
    is_active = models.BooleanField(default=False)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"],
                condition=models.Q(is_active=True),
                name="one_profile_is_active",
            ),
        ]

    def __str__(self) -> str:
        return self.name
