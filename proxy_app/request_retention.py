"""Deletes records of requests that are too old or too many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db import transaction
from django.db.models import Max, Min, Q, QuerySet

from proxy_app.models import RequestCapture, RequestRecord
from settings_app.retention import Held, Limit

# Gone in two or three milliseconds, with their places in seven indexes: no other writer waits.
BATCH_ROWS: Final = 100
DAY: Final = 86_400
DEFAULT: Final = Limit(max_age_seconds=30 * DAY, max_rows=1_000_000)
ROW_BYTES: Final = 600  # with its indexes


def prune_requests(limit: Limit, now: float) -> Iterator[int]:
    """The oldest first; yields the number of rows of each commit."""
    if limit.max_age_seconds is not None:
        old = _begun_before(now - limit.max_age_seconds).order_by("started_at")
        yield from _deleted(old)
    if (first_kept := _first_kept(limit.max_rows)) is not None:
        yield from _deleted(RequestRecord.objects.filter(id__lt=first_kept).order_by("id"))


def _deleted(found: QuerySet[RequestRecord]) -> Iterator[int]:
    while ids := list(found.values_list("id", flat=True)[:BATCH_ROWS]):
        yield _delete(ids)


def _delete(ids: list[int]) -> int:
    """As one statement each: `delete` would read all rows to find what belongs to them."""
    records = RequestRecord.objects.filter(id__in=ids)
    with transaction.atomic():
        RequestCapture.objects.filter(request_id__in=ids)._raw_delete(records.db)
        return records._raw_delete(records.db)


def excess_requests(limit: Limit, now: float) -> int:
    """How many `prune_requests` would delete."""
    beyond = Q(pk__in=())
    if limit.max_age_seconds is not None:
        beyond |= Q(started_at__lt=_moment(now - limit.max_age_seconds))
    if (first_kept := _first_kept(limit.max_rows)) is not None:
        beyond |= Q(id__lt=first_kept)
    return RequestRecord.objects.filter(beyond).count()


def _begun_before(seconds: float) -> QuerySet[RequestRecord]:
    """By the time and not by the id: what began first may have ended, and been written, last."""
    return RequestRecord.objects.filter(started_at__lt=_moment(seconds))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _first_kept(max_rows: int | None) -> int | None:
    """The lowest id that stays; None: all do."""
    if max_rows is None:
        return None
    ends = RequestRecord.objects.aggregate(first=Min("id"), last=Max("id"))
    # Ids have few gaps: the rows are walked only when there can be too many of them.
    if ends["first"] is None or ends["last"] - ends["first"] < max_rows:
        return None
    rows = RequestRecord.objects.order_by("-id").values_list("id", flat=True)
    over = rows[max_rows : max_rows + 1].first()
    return None if over is None else over + 1


@dataclass(frozen=True, slots=True)
class RequestRetention:
    """Records of requests as a kind that `/settings/` and the agent know."""

    key: str = "requests.records"
    table: str = "requests"
    label: str = "Requests to the gateway"
    default: Limit = DEFAULT
    least_age_seconds: int = 3_600
    least_rows: int = 1_000

    def prune(self, limit: Limit, now: float) -> Iterator[int]:
        return prune_requests(limit, now)

    def excess(self, limit: Limit, now: float) -> int:
        return excess_requests(limit, now)

    def held(self) -> Held:
        n_rows = RequestRecord.objects.count()
        oldest_at = RequestRecord.objects.aggregate(at=Min("started_at"))["at"] if n_rows else None
        return Held(n_rows, n_rows * ROW_BYTES, oldest_at)
