"""Roll-ups: each tier is made from the one below it, by one statement for all series.

The statement can be repeated. What it wrote before is written again the same, so a bucket that was
entered twice or left open by a crash is simply made anew.
"""

from __future__ import annotations

from typing import Final

from django.db import connection

from metrics_app.core.buckets import start_of
from metrics_app.tiers import ROLLED_UP, SAMPLES

# Seconds and start of buckets.
OpenBuckets = frozenset[tuple[int, int]]

# CROSS JOIN: SQLite then reads the rows of each series by primary key. The last line: when a clock
# set back days reenters a bucket whose finer rows are pruned, the fuller one stays.
_ROLL_UP: Final = """
INSERT INTO metrics_app_rollup (series_id, resolution, at, n, avg, "min", "max")
SELECT s.id, %(seconds)s, {bucket},
       SUM(x.n), SUM(x.avg * x.n) / SUM(x.n), MIN(x."min"), MAX(x."max")
FROM metrics_app_series AS s CROSS JOIN {finer} AND x.at >= %(start)s AND x.at < %(end)s
GROUP BY {group}
ON CONFLICT (series_id, resolution, at) DO UPDATE
SET n = excluded.n, avg = excluded.avg, "min" = excluded."min", "max" = excluded."max"
WHERE excluded.n >= metrics_app_rollup.n
"""
_SAMPLES: Final = "metrics_app_sample AS x WHERE x.series_id = s.id"
_ROLLUPS: Final = "metrics_app_rollup AS x WHERE x.series_id = s.id AND x.resolution = %(finer)s"
# One bucket needs no sorting by time: a third less work, measured with 200 series.
_ONE: Final = {"bucket": "%(start)s", "group": "s.id"}
_SEVERAL: Final = {"bucket": "x.at / %(seconds)s * %(seconds)s", "group": "1, 3"}

_FINER: Final = {60: 10, 900: 60, 3_600: 900, 86_400: 3_600}
# How far before the newest sample a start looks for buckets that a crash left unmade.
REPAIRED_SECONDS: Final = {60: 3 * 3_600, 900: 6 * 3_600, 3_600: 2 * 86_400, 86_400: 4 * 86_400}


def roll_up(seconds: int, start: int, end: int) -> None:
    """Makes the buckets of `seconds` from `start` to `end`, both multiples of it."""
    finer = _FINER[seconds]
    sql = _ROLL_UP.format(
        finer=_SAMPLES if finer == SAMPLES.seconds else _ROLLUPS,
        **(_ONE if end - start == seconds else _SEVERAL),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, {"seconds": seconds, "finer": finer, "start": start, "end": end})


def buckets_of(at: int) -> OpenBuckets:
    """The buckets, one of each tier, that an interval lies in."""
    return frozenset((tier.seconds, start_of(at, tier.seconds)) for tier in ROLLED_UP)


def left_by(touched: OpenBuckets, last: int) -> OpenBuckets:
    """Those that are complete, or were left for another, when `last` is the latest interval."""
    after = last + SAMPLES.seconds
    return frozenset(
        (seconds, at) for seconds, at in touched if not (at <= last and after < at + seconds)
    )


def make(buckets: OpenBuckets) -> None:
    """Finer ones first: coarser ones are made of them."""
    for seconds, at in sorted(buckets):
        roll_up(seconds, at, at + seconds)


def repair(newest: int, from_at: int) -> None:
    """Makes what should be there since some time before `from_at`, given the newest sample."""
    after = newest + SAMPLES.seconds
    for seconds, before in sorted(REPAIRED_SECONDS.items()):
        roll_up(seconds, start_of(from_at - before, seconds), start_of(after, seconds))
