"""Rows of the history, several series at once, laid on the grid of an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from django.db.models import F, Max, Min, Sum

from metrics_app.core.buckets import Merging
from metrics_app.ends import rows_of
from metrics_app.tiers import Tier

MOST_ROWS: Final = 1_600  # a series

# Series, bucket, seconds with a value, average, smallest, largest, the last row that is in it.
Row = tuple[int, int, int, float, float, float, int]
ROW: Final = ("series_id", "at", "n", "avg", "min", "max", "at")
MERGED: Final = ("series_id", "bucket", "count", "mean", "smallest", "largest", "last")


def read(tier: Tier, ids: Sequence[int], start: int, end: int, step: int) -> Iterable[Row]:
    """Rows of `start` to `end`, merged by the database if they are more than a chart should read.

    Else merging is the caller's: measured at 4 h, grouping took twice what fetching all rows took.
    """
    found = rows_of(tier).filter(series_id__in=ids, at__gte=start, at__lt=end)
    if step <= tier.seconds or end - start <= MOST_ROWS * tier.seconds:
        return found.order_by("series_id", "at").values_list(*ROW).iterator()
    merged = found.annotate(bucket=F("at") / step * step).values("series_id", "bucket")
    rows = merged.annotate(
        count=Sum("n"),
        mean=Sum(F("avg") * F("n")) / Sum("n"),
        smallest=Min("min"),
        largest=Max("max"),
        last=Max("at"),
    )
    return rows.order_by("series_id", "bucket").values_list(*MERGED).iterator()


def fill(grids: dict[int, Merging], tier: Tier, starts: dict[int, int], end: int) -> dict[int, int]:
    """Adds a tier's rows, those of each series from its start on. Where they end, by series: what
    is newer is not rolled up yet, and a finer tier has it.
    """
    ends = dict(starts)
    for start in sorted(set(starts.values())):
        if start >= end:
            break
        ids = [series_id for series_id, its_start in starts.items() if its_start == start]
        step = grids[ids[0]].step
        for series_id, at, n, avg, smallest, largest, last in read(tier, ids, start, end, step):
            grids[series_id].add(at, n, avg, smallest, largest)
            ends[series_id] = last + tier.seconds
    return ends
