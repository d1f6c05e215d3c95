"""Figures for tests: a recorder that is fed seconds, and rows as they would have been written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from django.db import connection

from metrics_app.core.metric import Metric
from metrics_app.models import Series
from metrics_app.recording import Recorder
from metrics_app.sampled import Sampled

DAY: Final = 86_400
# A Tuesday's midnight in UTC: every tier has a bucket that begins here.
MIDNIGHT: Final = 1_790_000_000 // DAY * DAY
CPU: Final = Metric("host", "cpu_ratio", "ratio")
MEMORY: Final = Metric("host", "memory_used_bytes", "bytes")

SAMPLES: Final = """INSERT INTO metrics_app_sample (series_id, at, n, avg, "min", "max")
VALUES (%s, %s, %s, %s, %s, %s)"""
ROLLUPS: Final = """INSERT INTO metrics_app_rollup
(series_id, resolution, at, n, avg, "min", "max") VALUES (%s, %s, %s, %s, %s, %s, %s)"""


def sampled(at: float, values: dict[Metric, float | None]) -> Sampled:
    return Sampled(at=at, elapsed_seconds=1.0, values=values)


def feed(
    recorder: Recorder, start: int, end: int, value: Callable[[int], float | None] | float | None
) -> None:
    """A reading of CPU for each second from `start` until before `end`, written as it is due."""
    for second in range(start, end):
        read = value(second) if callable(value) else value
        recorder.add(sampled(second + 0.01, {CPU: read}))
        if recorder.is_due:
            assert recorder.write(), recorder.last_error


def series(metric: Metric = CPU) -> Series:
    found, _ = Series.objects.get_or_create(
        key=metric.key,
        defaults={
            "source": metric.source,
            "name": metric.name,
            "label": metric.label,
            "unit": metric.unit,
        },
    )
    return found


def samples(starts: Iterable[int], metric: Metric = CPU, avg: float = 1.0) -> None:
    pk = series(metric).pk
    _insert(SAMPLES, [(pk, at, 10, avg, avg / 2, avg * 2) for at in starts])


def rollups(seconds: int, starts: Iterable[int], metric: Metric = CPU, avg: float = 1.0) -> None:
    pk = series(metric).pk
    _insert(ROLLUPS, [(pk, seconds, at, seconds, avg, avg / 2, avg * 2) for at in starts])


def _insert(sql: str, rows: list[tuple[float, ...]]) -> None:
    """Ten times as fast as the ORM: a day of samples is soon made."""
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)
