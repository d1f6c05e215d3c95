"""What engines were seen to take, and use for the next start of the same."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils import timezone

MOST_ROWS: Final = 2000


class MemorySource(models.TextChoices):
    LOAD = "load", "measured"
    OUT_OF_MEMORY = "out_of_memory", "raised after it ran out of memory"


class MeasuredMemory(models.Model):
    """One row for the same files, options, build and devices; the latest start has written it."""

    files_hash = models.CharField(max_length=32)
    options_hash = models.CharField(max_length=32)
    build = models.CharField(max_length=160)
    device_set = models.CharField(max_length=400)
    by_device = models.JSONField(default=dict)  # bytes by the device's key
    source = models.CharField(max_length=16, choices=MemorySource, default=MemorySource.LOAD)
    measured_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-measured_at"]
        verbose_name_plural = "measured memory"
        constraints = [
            # A start asks for its own row.
            models.UniqueConstraint(
                fields=["files_hash", "options_hash", "build", "device_set"],
                name="memory_once_for_a_start",
            ),
        ]
        indexes = [
            # The oldest ones go when there are too many.
            models.Index(fields=["measured_at"], name="memory_oldest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_source_display()} {self.measured_at:%Y-%m-%d}"
