"""Writes figures to the database: every second is taken note of, every ten seconds written."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from django.db import DatabaseError, InterfaceError, connection, transaction

from llamadash import perf
from llamadash.failures import let_go
from metrics_app import rollup
from metrics_app.core.buckets import Bucket, Gathering, is_storable, start_of
from metrics_app.core.metric import Metric
from metrics_app.ends import newest_at
from metrics_app.sampled import Sampled
from metrics_app.series_ids import MOST_SERIES, SeriesIds, fits
from metrics_app.tiers import SAMPLES

logger = logging.getLogger(__name__)
MOST_WAITING: Final = 60  # intervals: ten minutes of a database that cannot be written

# An interval that is written again holds both: a restart in its middle, a clock that was set back.
UPSERT: Final = """
INSERT INTO metrics_app_sample (series_id, at, n, avg, "min", "max")
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (series_id, at) DO UPDATE SET
  avg = (metrics_app_sample.avg * metrics_app_sample.n + excluded.avg * excluded.n)
        / (metrics_app_sample.n + excluded.n),
  n = CASE WHEN metrics_app_sample.n + excluded.n > 10 THEN 10
           ELSE metrics_app_sample.n + excluded.n END,
  "min" = CASE WHEN excluded."min" < metrics_app_sample."min" THEN excluded."min"
               ELSE metrics_app_sample."min" END,
  "max" = CASE WHEN excluded."max" > metrics_app_sample."max" THEN excluded."max"
               ELSE metrics_app_sample."max" END
"""


@dataclass(slots=True)
class Interval:
    """Ten seconds of all figures."""

    at: int
    gathered: dict[Metric, Gathering] = field(default_factory=dict)

    def buckets(self) -> list[tuple[Metric, Bucket]]:
        return [
            (metric, gathering.bucket(self.at, SAMPLES.seconds))
            for metric, gathering in self.gathered.items()
        ]


class Recorder:
    """Guarantees: an interval and the roll-ups it completes are written in one transaction, so no
    death of the process leaves half of them. `add` never waits for the database; while that cannot
    be written, ten minutes of intervals wait in memory, and the oldest give way, counted.

    `add` is called in one thread, the others in another one.
    """

    def __init__(self) -> None:
        self.n_written = 0  # rows
        self.n_dropped = 0  # rows that were never written: the database was away for too long
        self.n_refused = 0  # figures that are no numbers, or whose name cannot be stored
        self.last_error: str | None = None  # of the latest attempt; None: it went well
        self.last_seconds: float | None = None
        self._lock = threading.Lock()
        self._interval: Interval | None = None
        self._waiting: deque[Interval] = deque()
        self._ids = SeriesIds()
        self._unfit: set[Metric] = set()
        self._open: rollup.OpenBuckets | None = None  # None: not looked at what a crash left

    # ------------------------------------------------------------ on the loop
    def add(self, sampled: Sampled) -> None:
        at = start_of(sampled.at, SAMPLES.seconds)
        if self._interval is None or self._interval.at != at:
            self._close_interval()
            self._interval = Interval(at)
        gathered = self._interval.gathered
        for metric, value in sampled.values.items():
            if not metric.kept or value is None:
                continue
            if not is_storable(value):
                self.n_refused += 1
                continue
            if (gathering := gathered.get(metric)) is None:
                gathering = gathered[metric] = Gathering()
            gathering.add(value)

    def _close_interval(self) -> None:
        interval, self._interval = self._interval, None
        if interval is None or not interval.gathered:
            return
        with self._lock:
            self._waiting.append(interval)
            while len(self._waiting) > MOST_WAITING:
                self.n_dropped += len(self._waiting.popleft().gathered)

    @property
    def is_due(self) -> bool:
        return bool(self._waiting)

    @property
    def n_pending(self) -> int:
        """Rows that wait to be written."""
        with self._lock:
            return sum(len(interval.gathered) for interval in self._waiting)

    # ------------------------------------------------------------ in the writer's thread
    def start(self) -> bool:
        """Makes the roll-ups that a crash left unmade. Whether that went well; else `write` does
        it first."""
        return self._attempt([])

    def write(self) -> bool:
        """Writes all that waits, in one transaction. Whether it is written; else it goes on
        waiting."""
        with self._lock:
            waiting = list(self._waiting)
        return self._attempt(waiting)

    def finish(self) -> bool:
        """Writes what there is, the interval that has begun included: nothing is added any more."""
        self._close_interval()
        return self.write()

    def _attempt(self, intervals: list[Interval]) -> bool:
        started = time.perf_counter()
        try:
            with perf.timed("metrics.record"), transaction.atomic():
                n_rows, still_open = self._write(intervals)
        except (DatabaseError, InterfaceError) as error:
            self._failed(error)
            let_go(error)
            return False
        self._written(intervals, n_rows, still_open, time.perf_counter() - started)
        return True

    def _write(self, intervals: list[Interval]) -> tuple[int, rollup.OpenBuckets]:
        touched = self._left_by_a_crash() if self._open is None else self._open
        if not intervals:
            return 0, touched
        rows = self._rows(intervals)
        with connection.cursor() as cursor:
            cursor.executemany(UPSERT, rows)
        for interval in intervals:
            touched |= rollup.buckets_of(interval.at)
        left = rollup.left_by(touched, intervals[-1].at)
        rollup.make(left)
        return len(rows), touched - left

    def _left_by_a_crash(self) -> rollup.OpenBuckets:
        newest = newest_at(SAMPLES)
        if newest is None:
            return frozenset()
        rollup.repair(newest, min(newest, int(time.time())))
        return rollup.buckets_of(newest)

    def _rows(self, intervals: list[Interval]) -> list[tuple[int | float, ...]]:
        metrics = {metric for interval in intervals for metric in interval.gathered}
        ids = self._ids.learn(metric for metric in metrics if self._fits(metric))
        return [
            (ids[metric], *bucket)
            for interval in intervals
            for metric, bucket in interval.buckets()
            if metric in ids
        ]

    def _fits(self, metric: Metric) -> bool:
        if metric in self._unfit:
            return False
        if fits(metric):
            return True
        if len(self._unfit) < MOST_SERIES:
            self._unfit.add(metric)
        return False

    def _failed(self, error: Exception) -> None:
        self._ids.clear()
        words = str(error).strip().partition("\n")[0] or type(error).__name__
        if words != self.last_error:
            logger.warning("figures wait to be written: %s", words)
        self.last_error = words

    def _written(
        self,
        intervals: list[Interval],
        n_rows: int,
        still_open: rollup.OpenBuckets,
        seconds: float,
    ) -> None:
        if self.last_error is not None:
            logger.info("figures are written again")
        self._open, self.last_error, self.last_seconds = still_open, None, seconds
        self.n_written += n_rows
        done = set(map(id, intervals))
        with self._lock:
            self._waiting = deque(each for each in self._waiting if id(each) not in done)


recorder: Final = Recorder()
