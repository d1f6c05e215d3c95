"""Seeds how long figures are kept and deletes at once what is older than that.

What is deleted cannot be brought back: going back removes the policies only. Deletes in short
transactions, so that a program that still runs is never kept waiting; interrupted, it is run again
and goes on.
"""

from __future__ import annotations

import time

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

DAY = 86_400
# Key, label, seconds kept, resolution of a roll-up (None: the samples).
POLICIES = [
    ("metrics.samples", "Figures, every 10 s", 2 * DAY, None),
    ("metrics.minutes", "Figures, every minute", 14 * DAY, 60),
    ("metrics.quarters", "Figures, every 15 minutes", 90 * DAY, 900),
    ("metrics.hours", "Figures, every hour", 730 * DAY, 3_600),
    ("metrics.days", "Figures, every day", 3_652 * DAY, 86_400),
]
BATCH = 500  # rows a transaction


def seed_and_prune(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    policies = apps.get_model("settings_app", "RetentionPolicy").objects
    rollups = apps.get_model("metrics_app", "Rollup").objects
    all_series = list(apps.get_model("metrics_app", "Series").objects.values_list("id", flat=True))
    for key, label, kept_seconds, resolution in POLICIES:
        values = {"label": label, "max_age_seconds": kept_seconds}
        policies.get_or_create(key=key, defaults=values)
        samples = apps.get_model("metrics_app", "Sample").objects.all()
        rows = samples if resolution is None else rollups.filter(resolution=resolution)
        prune([rows.filter(series_id=each) for each in all_series], kept_seconds, resolution or 10)


def prune(series: list[models.QuerySet], kept_seconds: int, step: int) -> None:
    """The age is counted from the newest row, or from now if that is earlier."""
    newest = [at for rows in series if (at := rows.aggregate(at=models.Max("at"))["at"]) is not None]
    if not newest:
        return
    cutoff = min(int(time.time()), max(newest) + step) - kept_seconds
    for rows in series:
        while (oldest := rows.aggregate(at=models.Min("at"))["at"]) is not None:
            if oldest + step > cutoff:
                break
            rows.filter(at__lte=min(cutoff - step, oldest + (BATCH - 1) * step)).delete()
            time.sleep(0.002)


def unseed(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    keys = [key for key, *_ in POLICIES]
    apps.get_model("settings_app", "RetentionPolicy").objects.filter(key__in=keys).delete()


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ("metrics_app", "0001_initial"),
        ("settings_app", "0002_retentionpolicy"),
    ]

    operations = [migrations.RunPython(seed_and_prune, unseed)]
