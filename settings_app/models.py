from __future__ import annotations

from django.conf import settings
from django.db import models


class Setting(models.Model):
    """One operator setting that differs from its default. Read it through its `Option`."""

    key = models.CharField(max_length=100, unique=True)  # each option is read by its key
    value = models.JSONField()
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key
