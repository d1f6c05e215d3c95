from __future__ import annotations

from django.db import models

from logs_app.core import levels


class LogLine(models.Model):
    """A warning, an error, or what this program did with a source. All other lines are in files
    only; these stay when the files go."""

    source = models.CharField(max_length=64)
    at = models.DateTimeField()
    level = models.CharField(max_length=1, choices=list(levels.WORDS.items()))
    is_event = models.BooleanField()
    place = models.BigIntegerField(null=True)  # of the stored line, while that is there
    text = models.TextField()

    class Meta:
        ordering = ["id"]
        indexes = [
            # The newest of one source, page by page. Never by time: sorting by id would not use it.
            models.Index(fields=["source", "id"], name="logs_of_a_source"),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.text[:80]}"
