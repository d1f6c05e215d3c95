"""Seeds how long figures are kept and deletes at once what is older than that.

What is deleted is rolled up first. It cannot be brought back: going back removes the policies only.
Works in short transactions, so that a program that still runs is never kept waiting; interrupted,
it is run again and goes on. Ten million rows take minutes; the log says how far it is.
"""

from __future__ import annotations

import logging
import time

from django.db import connection, migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from metrics_app.core.buckets import start_of
from metrics_app.rollup import roll_up

logger = logging.getLogger(__name__)
DAY = 86_400
# Key, label, seconds kept, resolution of a roll-up (None: the samples).
POLICIES = [
    ("metrics.samples", "Figures, every 10 s", 2 * DAY, None),
    ("metrics.minutes", "Figures, every minute", 14 * DAY, 60),
    ("metrics.quarters", "Figures, every 15 minutes", 90 * DAY, 900),
    ("metrics.hours", "Figures, every hour", 730 * DAY, 3_600),
    ("metrics.days", "Figures, every day", 3_652 * DAY, 86_400),
]
# The tier that is made of each.
COARSER = {10: 60, 60: 900, 900: 3_600, 3_600: 86_400}
BATCH = 500  # rows a transaction deletes
READ = 5_000  # rows that a roll-up reads: some milliseconds
SAID_SECONDS = 5.0
# One step into the primary key for each series; a gap of years is one step too.
NEXT = """
SELECT MIN(x.at) FROM (
    SELECT (SELECT MIN(r.at) FROM {rows} AND r.series_id = s.id AND r.at >= %s) AS at
    FROM metrics_app_series AS s
) AS x
"""


class Progress:
    """A line in the log every five seconds."""

    def __init__(self) -> None:
        self.n_deleted = 0
        self.said_at = time.monotonic()

    def say(self, doing: str) -> None:
        if time.monotonic() - self.said_at >= SAID_SECONDS:
            self.said_at = time.monotonic()
            logger.info("old figures are %s; %s rows are gone", doing, f"{self.n_deleted:,}")


def seed_and_prune(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    policies = apps.get_model("settings_app", "RetentionPolicy").objects
    rollups = apps.get_model("metrics_app", "Rollup").objects
    all_series = list(apps.get_model("metrics_app", "Series").objects.values_list("id", flat=True))
    progress = Progress()
    for key, label, kept_seconds, resolution in POLICIES:
        values = {"label": label, "max_age_seconds": kept_seconds}
        policies.get_or_create(key=key, defaults=values)
        samples = apps.get_model("metrics_app", "Sample").objects.all()
        rows = samples if resolution is None else rollups.filter(resolution=resolution)
        step = resolution or 10
        of_series = [rows.filter(series_id=each) for each in all_series]
        if (cutoff := cutoff_of(of_series, kept_seconds, step)) is None:
            continue
        roll_up_before(cutoff, step, len(all_series), progress)
        prune(of_series, cutoff, step, progress)
    if progress.n_deleted:
        logger.info("old figures: %s rows deleted", f"{progress.n_deleted:,}")


def cutoff_of(series: list[models.QuerySet], kept_seconds: int, step: int) -> int | None:
    """The age is counted from the newest row, or from now if that is earlier."""
    newest = [at for rows in series if (at := rows.aggregate(at=models.Max("at"))["at"]) is not None]
    return min(int(time.time()), max(newest) + step) - kept_seconds if newest else None


def roll_up_before(cutoff: int, step: int, n_series: int, progress: Progress) -> None:
    """All buckets of the coarser tiers that rows before `cutoff` lie in; fuller ones that were made
    before stay as they are."""
    first = next_at(step, 0)
    if first is None or first + step > cutoff:
        return
    for finer, coarser in COARSER.items():
        if finer >= step:
            roll_up_between(finer, coarser, (start_of(first, coarser), cutoff), n_series, progress)


def roll_up_between(
    finer: int, coarser: int, ends: tuple[int, int], n_series: int, progress: Progress
) -> None:
    span = coarser * max(1, READ * finer // (n_series * coarser))
    at = next_at(finer, ends[0])
    while at is not None and at < ends[1]:
        start = start_of(at, coarser)
        roll_up(coarser, start, start + span)
        progress.say("rolled up")
        time.sleep(0.002)
        at = next_at(finer, start + span)


def next_at(step: int, start: int) -> int | None:
    """The time of the first row of any series from `start` on."""
    rollups = f"metrics_app_rollup AS r WHERE r.resolution = {step}"
    rows = "metrics_app_sample AS r WHERE TRUE" if step == 10 else rollups
    with connection.cursor() as cursor:
        cursor.execute(NEXT.format(rows=rows), [start])
        return cursor.fetchone()[0]


def prune(series: list[models.QuerySet], cutoff: int, step: int, progress: Progress) -> None:
    for rows in series:
        while (oldest := rows.aggregate(at=models.Min("at"))["at"]) is not None:
            if oldest + step > cutoff:
                break
            end = min(cutoff - step, oldest + (BATCH - 1) * step)
            progress.n_deleted += rows.filter(at__lte=end).delete()[0]
            progress.say("deleted")
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
