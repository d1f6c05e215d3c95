"""Deletes what the history holds longer than it shall."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from metrics_app.ends import ends_of, newest_at, oldest_at, rows_of
from metrics_app.models import Rollup, Sample, Series
from metrics_app.tiers import DAY, DAYS, HOURS, MINUTES, QUARTERS, SAMPLES, STORED, Tier
from settings_app.retention import Held, Limit

# Measured on SQLite with a day of 40 series: commits of about 280 rows that held the writer's lock
# for 2.9 ms each (p99 8.6 ms, on a machine with too much to do). The time bounds a commit where the
# disk is slow, the rows bound what may come after the time is up.
BATCH_ROWS: Final = 250
LOCKED_SECONDS: Final = 0.002
# A row with its share of pages, measured.
ROW_BYTES: Final = {"sqlite": {10: 41, 0: 45}, "postgresql": {10: 100, 0: 110}}


@dataclass(frozen=True, slots=True)
class TierRetention:
    """One tier of the history."""

    key: str
    table: str
    label: str
    tier: Tier
    kept_days: int

    @property
    def default(self) -> Limit:
        return Limit(max_age_seconds=self.kept_days * DAY)

    @property
    def least_age_seconds(self) -> int:
        """Whole buckets of the next tier are made from it, and a start looks back some hours."""
        coarser = STORED[STORED.index(self.tier) :][:2][-1]
        return max(6 * 3_600, 2 * coarser.seconds)

    @property
    def least_rows(self) -> int:
        """What all series of now have in the shortest age."""
        return max(1_000, Series.objects.count() * (self.least_age_seconds // self.tier.seconds))

    def prune(self, limit: Limit, now: float) -> Iterator[int]:
        cutoff = self._cutoff(limit, now)
        waiting = [
            (series_id, oldest)
            for series_id, oldest, _ in ends_of(self.tier)
            if cutoff is not None and oldest < cutoff
        ]
        while waiting and cutoff is not None:
            if n_rows := self._prune_some(waiting, cutoff):
                yield n_rows
        if self.tier is DAYS:  # the last that had anything of it
            forget_empty_series(now)

    def _prune_some(self, waiting: list[tuple[int, int]], cutoff: int) -> int:
        """One commit, of as many batches as the time allows."""
        n_rows = 0
        with transaction.atomic():
            end = time.perf_counter() + LOCKED_SECONDS
            while waiting:
                n_rows += self._prune_batch(waiting, cutoff)
                if time.perf_counter() >= end:
                    break
        return n_rows

    def _prune_batch(self, waiting: list[tuple[int, int]], cutoff: int) -> int:
        """The oldest rows of the last series that waits; it goes on waiting if there are more.

        Rows are `seconds` apart, so a span of time bounds their number, and the primary key
        finds them.
        """
        series_id, oldest = waiting.pop()
        end = min(cutoff, oldest + BATCH_ROWS * self.tier.seconds)
        rows = rows_of(self.tier).filter(series_id=series_id)
        n_deleted, _ = rows.filter(at__lt=end).delete()
        if end < cutoff:
            # The next may be far away: years, if a clock was ever wrong.
            after = rows.order_by("at").values_list("at", flat=True).first()
            if after is not None and after < cutoff:
                waiting.append((series_id, after))
        return n_deleted

    def excess(self, limit: Limit, now: float) -> int:
        cutoff = self._cutoff(limit, now)
        return 0 if cutoff is None else self._count(0, cutoff)

    def _cutoff(self, limit: Limit, now: float) -> int | None:
        """Rows before it are to go. An age counts from the newest row, or from now if that is
        earlier: a clock that is wrong deletes nothing that is young. However few rows there may
        be, what the next tier is still to be made from stays."""
        newest = newest_at(self.tier)
        if newest is None:
            return None
        after = newest + self.tier.seconds
        # A row is as old as its last second.
        begins = int(min(now, after)) - self.tier.seconds
        cutoffs = []
        if limit.max_age_seconds is not None:
            cutoffs.append(begins - limit.max_age_seconds)
        if limit.max_rows is not None:
            by_count = self._cutoff_by_count(limit.max_rows, after)
            cutoffs.append(min(by_count, begins - self.least_age_seconds))
        return max(cutoffs, default=None)

    def _cutoff_by_count(self, most: int, after: int) -> int:
        """The latest time from which on there are `most` rows; of the row of time that straddles
        the limit all series stay.

        Halves the time; each half is counted once, so all is read about once.
        """
        low, high, n_from_high = oldest_at(self.tier) or 0, after, 0
        if self._count(low, high) <= most:
            return low
        while high - low > self.tier.seconds and n_from_high < most:
            middle = low + (high - low) // self.tier.seconds // 2 * self.tier.seconds
            n = self._count(middle, high)
            if n_from_high + n > most:
                low = middle
            else:
                high, n_from_high = middle, n_from_high + n
        return high if n_from_high == most else low

    def _count(self, start: int, end: int) -> int:
        # Of every series by name: only so is the primary key used.
        ids = Series.objects.order_by().values("id")
        return rows_of(self.tier).filter(series_id__in=ids, at__gte=start, at__lt=end).count()

    def held(self) -> Held:
        ends = ends_of(self.tier)
        n_rows = sum((newest - oldest) // self.tier.seconds + 1 for _, oldest, newest in ends)
        oldest = min((oldest for _, oldest, _ in ends), default=None)
        oldest_at = None if oldest is None else datetime.fromtimestamp(oldest, UTC)
        per_row = ROW_BYTES.get(connection.vendor, ROW_BYTES["sqlite"])
        n_bytes = n_rows * per_row[self.tier.seconds if self.tier is SAMPLES else 0]
        return Held(n_rows, n_bytes, oldest_at)


def forget_empty_series(now: float) -> None:
    """Names of which nothing is left make room: containers get new interfaces all the time."""
    old = Series.objects.filter(created_at__lt=datetime.fromtimestamp(now - DAY, UTC))
    rows = Q(Exists(Sample.objects.filter(series_id=OuterRef("pk"))))
    rows |= Q(Exists(Rollup.objects.filter(series_id=OuterRef("pk"))))
    if empty := list(old.exclude(rows).values_list("pk", flat=True)):
        Series.objects.filter(pk__in=empty).delete()


KINDS: Final = (
    TierRetention("metrics.samples", "samples", "Figures, every 10 s", SAMPLES, 2),
    TierRetention("metrics.minutes", "minutes", "Figures, every minute", MINUTES, 14),
    TierRetention("metrics.quarters", "quarters", "Figures, every 15 minutes", QUARTERS, 90),
    TierRetention("metrics.hours", "hours", "Figures, every hour", HOURS, 730),
    TierRetention("metrics.days", "days", "Figures, every day", DAYS, 3_652),
)
