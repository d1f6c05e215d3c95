"""A full history of many series, in a database of its own, and what the seed's program would have.

Both are made by bulk statements: recording 10 million rows one by one takes years of its time.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from tests.bench import big_registry

DAY: Final = 86_400
# Seconds a row, days kept: what the retention policies leave.
TIERS: Final = ((60, 14), (900, 90), (3_600, 730), (86_400, 3_652))
SAMPLE_DAYS: Final = 2

_NUMBERS: Final = "WITH RECURSIVE i(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM i WHERE i < ? - 1)"
_VALUES: Final = "abs(random() % 1000) / 1000.0, 0.0, 1.0"
# As the original has it: every ten seconds a row of all figures.
ORIGINAL: Final = """CREATE TABLE metrics (
  id INTEGER PRIMARY KEY AUTOINCREMENT, cpu_usage REAL, memory_usage REAL, disk_usage REAL,
  active_models INTEGER, total_requests INTEGER, avg_response_time REAL,
  timestamp INTEGER DEFAULT (strftime('%s', 'now')))"""
ORIGINAL_INDEX: Final = "CREATE INDEX idx_metrics_timestamp ON metrics(timestamp DESC)"


def end() -> int:
    """The end of all rows: midnight, so that every tier is complete."""
    return int(time.time()) // DAY * DAY


@contextmanager
def our_history(n_series: int) -> Iterator[Path]:
    """Django's database of this thread, with a full history of so many series."""
    big_registry.django_ready()
    from django.core.management import call_command
    from django.db import connections
    from django.db.utils import ConnectionHandler

    with tempfile.TemporaryDirectory(prefix="history-", dir=big_registry.DATA_DIR) as folder:
        file = Path(folder) / "history.sqlite3"
        before = connections["default"]
        settings: dict[str, Any] = {**before.settings_dict, "NAME": str(file)}
        ours = ConnectionHandler({"default": settings})["default"]
        connections["default"] = ours
        try:
            call_command("migrate", verbosity=0)
            with closing(sqlite3.connect(file)) as database:
                _fill(database, n_series)
            yield file
        finally:
            ours.close()
            connections["default"] = before


def keys(count: int) -> list[str]:
    return [f"host/cpu_ratio/{number}" for number in range(count)]


def _fill(database: sqlite3.Connection, n_series: int) -> None:
    database.execute("PRAGMA synchronous=OFF")
    database.executemany(
        "INSERT INTO metrics_app_series (id, key, source, name, label, unit, created_at) "
        "VALUES (?, ?, 'host', 'cpu_ratio', ?, 'ratio', '2026-01-01')",
        [(number + 1, key, str(number)) for number, key in enumerate(keys(n_series))],
    )
    for series_id in range(1, n_series + 1):
        n_rows = SAMPLE_DAYS * DAY // 10
        database.execute(
            f"{_NUMBERS} INSERT INTO metrics_app_sample SELECT ?, ? + 10 * i, 10, {_VALUES} FROM i",
            (n_rows, series_id, end() - 10 * n_rows),
        )
        for seconds, days in TIERS:
            n_rows = days * DAY // seconds
            database.execute(
                f"{_NUMBERS} INSERT INTO metrics_app_rollup "
                f"SELECT ?, ?, ? + ? * i, ?, {_VALUES} FROM i",
                (n_rows, series_id, seconds, end() - seconds * n_rows, seconds, seconds),
            )
    database.commit()


@contextmanager
def original_history(n_rows: int) -> Iterator[sqlite3.Connection]:
    with tempfile.TemporaryDirectory(prefix="original-", dir=big_registry.DATA_DIR) as folder:
        file = Path(folder) / "original.sqlite3"
        with closing(sqlite3.connect(file, isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=OFF")
            database.execute(ORIGINAL)
            database.execute(
                f"{_NUMBERS} INSERT INTO metrics (cpu_usage, memory_usage, disk_usage, "
                "active_models, total_requests, avg_response_time, timestamp) "
                "SELECT abs(random() % 1000) / 10.0, 50.0, 50.0, 1, i, 12.5, ? + 10 * i FROM i",
                (n_rows, end() - 10 * n_rows),
            )
            database.execute("PRAGMA synchronous=NORMAL")
            yield database
