"""Deletes kept lines that are too old or too many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db.models import Min

from logs_app.models import LogLine
from settings_app.retention import Held, Limit

# Gone in about a millisecond: no other writer waits noticeably.
BATCH_ROWS: Final = 500


def prune_lines(max_age_seconds: int | None, max_rows: int | None, now: float) -> Iterator[int]:
    """The oldest first; yields the number of rows of each commit."""
    first_kept = _first_kept(max_age_seconds, max_rows, now)
    while first_kept is not None:
        ids = list(
            LogLine.objects.filter(id__lt=first_kept)
            .order_by("id")
            .values_list("id", flat=True)[:BATCH_ROWS]
        )
        if not ids:
            return
        n_rows, _ = LogLine.objects.filter(id__gte=ids[0], id__lte=ids[-1]).delete()
        yield n_rows


def excess_lines(max_age_seconds: int | None, max_rows: int | None, now: float) -> int:
    """How many `prune_lines` would delete."""
    first_kept = _first_kept(max_age_seconds, max_rows, now)
    return 0 if first_kept is None else LogLine.objects.filter(id__lt=first_kept).count()


def _first_kept(max_age_seconds: int | None, max_rows: int | None, now: float) -> int | None:
    """The lowest id that stays; None: all do. Ids rise with time, so one halving finds the age."""
    firsts = []
    if max_age_seconds is not None:
        firsts.append(first_since(datetime.fromtimestamp(now - max_age_seconds, UTC)))
    if max_rows is not None:
        rows = LogLine.objects.order_by("-id").values_list("id", flat=True)
        over = rows[max_rows : max_rows + 1].first()
        firsts.append(over + 1 if over is not None else 0)
    return max(firsts, default=None)


def first_since(moment: datetime) -> int:
    """The first row that is not older, by the primary key alone."""
    rows = LogLine.objects.order_by("id").values_list("id", "at")
    oldest, newest = rows.first(), rows.last()
    if oldest is None or newest is None:
        return 0
    low, high = oldest[0], newest[0] + 1
    while low < high:
        middle = (low + high) // 2
        row = rows.filter(id__gte=middle).first()
        if row is None or row[1] >= moment:
            high = middle
        else:
            low = row[0] + 1
    return low


DAY: Final = 86_400
DEFAULT: Final = Limit(max_age_seconds=90 * DAY, max_rows=200_000)
ROW_BYTES: Final = 250  # a line of 150 characters with its index


@dataclass(frozen=True, slots=True)
class LineRetention:
    """Kept lines as a kind of record that `/settings/` and the agent know."""

    key: str = "logs.lines"
    table: str = "log_lines"
    label: str = "Warnings, errors and events of logs"
    default: Limit = DEFAULT
    least_age_seconds: int = 3_600
    least_rows: int = 1_000

    def prune(self, limit: Limit, now: float) -> Iterator[int]:
        return prune_lines(limit.max_age_seconds, limit.max_rows, now)

    def excess(self, limit: Limit, now: float) -> int:
        return excess_lines(limit.max_age_seconds, limit.max_rows, now)

    def held(self) -> Held:
        n_rows = LogLine.objects.count()
        oldest_at = LogLine.objects.aggregate(at=Min("at"))["at"] if n_rows else None
        return Held(n_rows, n_rows * ROW_BYTES, oldest_at)
