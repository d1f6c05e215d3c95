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


class RetentionPolicy(models.Model):
    """How long, and how much, of one kind of record is kept. No limit: None.

    The kinds are registered by the apps that own them: settings_app/retention.py.
    """

    key = models.CharField(max_length=100, unique=True)  # read by it
    label = models.CharField(max_length=100)
    max_age_seconds = models.BigIntegerField(null=True, blank=True)
    max_rows = models.BigIntegerField(null=True, blank=True)
    pruned_at = models.DateTimeField(null=True, blank=True)  # when it was last applied, to the end
    pruned_rows = models.BigIntegerField(null=True, blank=True)  # how many that deleted
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "retention policies"

    def __str__(self) -> str:
        return self.label
