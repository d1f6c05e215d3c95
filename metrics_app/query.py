"""Reads the history: any range, any number of points, from the tier that costs least.

Never more than about 1,500 rows of a series are read, and every bucket has its average, minimum
and maximum. What lies behind the last roll-up is taken from the finer tiers, the last seconds from
memory.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from typing import Final, cast

from django.db.models import QuerySet

from llamadash import perf
from metrics_app import stored
from metrics_app.answer import Answer, Columns, Latest, Summary
from metrics_app.asked import (
    DEFAULT_POINTS,
    QueryError,
    Range,
    UnknownSeries,
    checked_keys,
    checked_points,
    checked_range,
)
from metrics_app.core.buckets import Merging, percentile, start_of
from metrics_app.core.metric import Metric, Unit
from metrics_app.hour import hour
from metrics_app.models import Sample, Series
from metrics_app.tier_choice import choose, n_buckets, step_of
from metrics_app.tiers import SECONDS, STORED, Tier

__all__ = ["Answer", "Columns", "Latest", "QueryError", "Summary", "UnknownSeries",
           "known_series", "latest", "query"]  # fmt: skip

FRESH_SECONDS: Final = 60


@perf.timed("metrics.query")
def query(
    keys: Sequence[str],
    start: float,
    end: float,
    points: int = DEFAULT_POINTS,
    now: float | None = None,
) -> Answer:
    """The series of these keys from `start` to `end` (epoch seconds), in `points` buckets at most.

    Raises QueryError, and UnknownSeries if a key is not known.
    """
    now = time.time() if now is None else now
    wanted = checked_keys(keys)
    asked = checked_range(start, end, now)
    points = checked_points(points)
    ids = _ids(wanted)
    tier = choose(asked, list(ids.values()))
    grids = _grids(wanted, asked, step_of(tier, asked, points))
    ends = _fill_from_rows(grids, ids, tier, asked)
    seconds = {key: _fill_from_memory(grids[key], key, ends[key], asked.end) for key in wanted}
    at_end = _values_at_end(grids, asked, now)
    series = {
        key: Columns(
            grid.averages(),
            grid.min,
            grid.max,
            _summary(grid, at_end[key], percentile(seconds[key], 95) if tier is SECONDS else None),
        )
        for key, grid in grids.items()
    }
    return Answer(grids[wanted[0]].start, grids[wanted[0]].step, tier.name, series)


def known_series(source: str | None = None) -> list[Metric]:
    """Everything there are figures of, in the database or in memory, in the order of the keys."""
    rows = Series.objects.all() if source is None else Series.objects.filter(source=source)
    found = {row.key: _metric(row) for row in rows}
    for metric in hour.metrics():
        if source is None or metric.source == source:
            found[metric.key] = metric
    return [found[key] for key in sorted(found)]


def latest(now: float | None = None) -> Latest:
    """From memory; in a process without an agent from the newest rows. Nothing that is older than
    a minute."""
    now = time.time() if now is None else now
    return _in_memory(now) or _in_rows(now, Series.objects.all())


def _in_memory(now: float) -> Latest | None:
    sampled = hour.newest()
    if sampled is None or abs(now - sampled.at) > FRESH_SECONDS:
        return None
    return Latest(sampled.at, {metric.key: value for metric, value in sampled.values.items()})


def _in_rows(now: float, series: QuerySet[Series]) -> Latest:
    # Named one by one, as rows of these: only so is the primary key used.
    fresh = Sample.objects.filter(
        series_id__in=series.order_by().values("id"), at__gte=int(now) - FRESH_SECONDS
    )
    rows = list(fresh.order_by("at").values_list("series__key", "at", "avg"))
    if not rows:
        return Latest(None, {})
    # An interval is known when it is over.
    return Latest(float(rows[-1][1] + 10), {key: avg for key, _, avg in rows})


def _ids(wanted: Iterable[str]) -> dict[str, int]:
    """Of those that are stored. UnknownSeries if one is neither stored nor in memory."""
    ids = dict(Series.objects.filter(key__in=wanted).values_list("key", "id"))
    if missing := [key for key in wanted if key not in ids]:
        in_memory = {metric.key for metric in hour.metrics()}
        for key in missing:
            if key not in in_memory:
                raise UnknownSeries(f"There is no series {key[:300]}.")
    return ids


def _grids(wanted: Sequence[str], asked: Range, step: int) -> dict[str, Merging]:
    start, n = start_of(asked.start, step), n_buckets(asked, step)
    return {key: Merging(start, step, n) for key in wanted}


def _fill_from_rows(
    grids: dict[str, Merging], ids: dict[str, int], tier: Tier, asked: Range
) -> dict[str, int]:
    """Adds what is stored, coarse rows first. Where that ends, by key.

    The first bucket may begin before the range; what lies before that is not in it.
    """
    start = start_of(asked.start, tier.seconds)
    by_id = {series_id: grids[key] for key, series_id in ids.items()}
    ends = dict.fromkeys(by_id, start)
    for each in reversed(STORED):
        if each.seconds <= tier.seconds:
            ends = stored.fill(by_id, each, ends, math.ceil(asked.end))
    return {key: ends[ids[key]] if key in ids else start for key in grids}


def _fill_from_memory(grid: Merging, key: str, start: int, end: float) -> Sequence[float]:
    """Adds what the last hour has from `start` on; its values, one a second."""
    newest = hour.newest()
    if newest is None:
        return ()
    start = max(start, int(newest.at) - SECONDS.longest_range_seconds)
    # Nothing is known of what comes: a range that ends tomorrow must not cost more.
    values = hour.read(key, start, min(math.ceil(end), int(newest.at) + 1)).tolist()
    grid.lay(values, start)
    return values


def _values_at_end(grids: dict[str, Merging], asked: Range, now: float) -> dict[str, float | None]:
    """The newest values; of a range of the past those of its last bucket, or the one before."""
    if asked.end >= now - FRESH_SECONDS:
        newest = _in_memory(now) or _in_rows(now, Series.objects.filter(key__in=grids))
        return {key: newest.values.get(key) for key in grids}
    ends = {key: grid.averages()[:-3:-1] for key, grid in grids.items()}
    return {key: next((v for v in end if v is not None), None) for key, end in ends.items()}


def _summary(grid: Merging, now: float | None, p95: float | None) -> Summary:
    n = sum(grid.n)
    return Summary(
        now=now,
        min=min(_known(grid.min, grid.n), default=None),
        avg=sum(grid.total) / n if n else None,
        max=max(_known(grid.max, grid.n), default=None),
        p95=p95,
    )


def _known(column: list[float | None], n: list[int]) -> list[float]:
    """Without the buckets that nothing was recorded in."""
    if 0 in n:
        return [value for value in column if value is not None]
    return cast("list[float]", column)


def _metric(row: Series) -> Metric:
    return Metric(row.source, row.name, cast("Unit", row.unit), row.label)
