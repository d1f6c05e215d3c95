"""The ends of a tier's rows, found by one step into the primary key for each series."""

from __future__ import annotations

from django.db.models import Max, Min, OuterRef, QuerySet, Subquery

from metrics_app.models import Rollup, Sample, Series
from metrics_app.tiers import SAMPLES, Tier


def rows_of(tier: Tier) -> QuerySet[Sample] | QuerySet[Rollup]:
    if tier is SAMPLES:
        return Sample.objects.all()
    return Rollup.objects.filter(resolution=tier.seconds)


def newest_at(tier: Tier) -> int | None:
    series = Series.objects.order_by().annotate(end=_end(tier, "-at"))
    at: int | None = series.aggregate(at=Max("end"))["at"]
    return at


def oldest_at(tier: Tier, ids: list[int] | None = None) -> int | None:
    """Of all series, or of some."""
    series = Series.objects.all() if ids is None else Series.objects.filter(id__in=ids)
    found = series.order_by().annotate(end=_end(tier, "at"))
    at: int | None = found.aggregate(at=Min("end"))["at"]
    return at


def ends_of(tier: Tier) -> list[tuple[int, int, int]]:
    """Of every series that has rows: its id, its oldest and its newest."""
    series = Series.objects.order_by().annotate(first=_end(tier, "at"), last=_end(tier, "-at"))
    return list(series.filter(first__isnull=False).values_list("id", "first", "last"))


def _end(tier: Tier, order: str) -> Subquery:
    # Not Min() and Max() of the rows: over several series that reads every row.
    rows = rows_of(tier).filter(series_id=OuterRef("pk")).order_by(order)
    return Subquery(rows.values("at")[:1])
