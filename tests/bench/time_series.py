"""Figures over time: reading, recording and pruning, against the seed's unindexed table."""

from __future__ import annotations

import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench import big_history
from tests.bench.big_history import DAY, end, keys
from tests.bench.measuring import MILLI, median
from tests.bench.row import Row

NAME: Final = "time_series"

MONTH_ROWS: Final = 260_000  # of ten seconds
MANY_ROWS: Final = 10_000_000
QUICK_SERIES: Final = 3
SERIES: Final = 200
_PRUNE_PAUSE_SECONDS: Final = 0.01
# Commits a row every few milliseconds until told to end, and prints how long they had to wait.
_WRITER: Final = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
database.execute("PRAGMA synchronous=NORMAL")
database.execute("CREATE TABLE IF NOT EXISTS written (at REAL)")
print("ready", flush=True)
import select
waits = []
while not select.select([sys.stdin], [], [], 0.003)[0]:
    start = time.perf_counter()
    database.execute("INSERT INTO written VALUES (1)")
    waits.append(time.perf_counter() - start)
waits.sort()
print(waits[-1], waits[int(len(waits) * 0.99)], len(waits))
"""


class Waits(NamedTuple):
    most_ms: float
    p99_ms: float


def run(quick: bool) -> list[Row]:
    rows = _reading(QUICK_SERIES, MONTH_ROWS, rounds=5, series_of_chart=1)
    if not quick:
        rows += _reading(SERIES, MANY_ROWS, rounds=5, series_of_chart=1)
        with big_history.our_history(SERIES) as file:
            rows += _charts()
            rows += [_recording(), _pruning(file)]
        return rows
    with big_history.our_history(QUICK_SERIES) as file:
        rows += [_recording(), _pruning(file)]
    return rows


# ---------------------------------------------------------------- against the original
def _reading(n_series: int, n_rows: int, rounds: int, series_of_chart: int) -> list[Row]:
    chart = keys(series_of_chart)
    with big_history.our_history(n_series):
        ours = {what: median(action, rounds=rounds) for what, action in _ours(chart).items()}
        held = _held_rows()
    with big_history.original_history(n_rows) as original:
        theirs = {what: _timed(original, *sql) for what, sql in _theirs().items()}
        original.execute(big_history.ORIGINAL_INDEX)
        indexed = {what: _timed(original, *sql) for what, sql in _theirs().items()}
    return [
        Row(
            f"{what}, {n_rows:,} rows",
            ours[what] * MILLI,
            "ms",
            compared_with="the seed's table, no index",
            theirs=theirs[what] * MILLI,
            note=f"ours with its ORM, of {held:,} rows; theirs with an index "
            f"{indexed[what] * MILLI:.3g} ms",
        )
        for what in ours
    ]


def _ours(chart: list[str]) -> dict[str, Callable[[], object]]:
    from metrics_app.query import latest, query

    now = float(end())
    return {
        "latest sample": lambda: latest(now),
        "last 100 samples": lambda: query(chart, now - 1_000, now, now=now),
        "a day": lambda: query(chart, now - DAY, now, now=now),
        "30 days": lambda: query(chart, now - 30 * DAY, now, now=now),
    }


def _theirs() -> dict[str, tuple[str, tuple[int, ...]]]:
    since = "SELECT * FROM metrics WHERE timestamp >= ? ORDER BY timestamp"
    newest = "SELECT * FROM metrics ORDER BY timestamp DESC LIMIT ?"
    return {
        "latest sample": (newest, (1,)),
        "last 100 samples": (newest, (100,)),
        "a day": (since, (end() - DAY,)),
        "30 days": (since, (end() - 30 * DAY,)),
    }


def _timed(database: sqlite3.Connection, sql: str, parameters: tuple[int, ...]) -> float:
    return median(lambda: database.execute(sql, parameters).fetchall(), rounds=3)


def _held_rows() -> int:
    from metrics_app.retention import KINDS

    return sum(kind.held().n_rows for kind in KINDS)


# ---------------------------------------------------------------- our own budgets
def _charts() -> list[Row]:
    """What the database alone takes: the statements of a chart of three series, run again."""
    ranges = {"1 h": 3_600, "4 h": 14_400, "24 h": DAY, "7 d": 7 * DAY, "30 d": 30 * DAY}
    ranges |= {"90 d": 90 * DAY, "2 years": 730 * DAY}
    held = _held_rows()
    return [
        Row(
            f"chart of {name}, 3 series: in the database",
            in_database * MILLI,
            "ms",
            budget=10,
            note=f"of {held:,} rows; answered in {whole * MILLI:.1f} ms",
        )
        for name, seconds in ranges.items()
        for in_database, whole in [_chart(seconds)]
    ]


def _chart(seconds: int) -> tuple[float, float]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from metrics_app.query import query

    now = float(end())

    def ask() -> object:
        return query(keys(3), now - seconds, now, now=now)

    with CaptureQueriesContext(connection) as captured:
        ask()
    statements = [each["sql"] for each in captured]

    def only_the_database() -> None:
        with connection.cursor() as cursor:
            for sql in statements:
                cursor.cursor.execute(sql)
                cursor.fetchall()

    return median(only_the_database, rounds=7), median(ask, rounds=7)


def _recording() -> Row:
    """A tick of 200 series, roll-ups included, as the days go by; the ORM's bulk_create beside."""
    from metrics_app.core.metric import Metric
    from metrics_app.recording import Recorder
    from metrics_app.sampled import Sampled

    metrics = [Metric("bench", "cpu_ratio", "ratio", str(number)) for number in range(SERIES)]
    recorder = Recorder()
    recorder.start()
    seconds: list[float] = []
    for tick in range(100):
        at = float(end() + tick * 10)
        recorder.add(Sampled(at, 1.0, dict.fromkeys(metrics, 0.25)))
        if recorder.is_due:
            start = time.perf_counter()
            if not recorder.write():
                raise RuntimeError(recorder.last_error)
            seconds.append(time.perf_counter() - start)
    return Row(
        "recording a tick of 200 series",
        statistics.median(seconds) * MILLI,
        "ms",
        budget=5,
        compared_with="bulk_create, no roll-ups",
        theirs=_bulk_create() * MILLI,
        note=f"one transaction; p95 {sorted(seconds)[-5] * MILLI:.1f} ms, with roll-ups closing",
    )


def _bulk_create() -> float:
    from django.db import transaction

    from metrics_app.models import Sample, Series

    ids = Series.objects.filter(source="bench").values_list("id", flat=True)
    rows = [Sample(series_id=id_, at=end() + DAY, n=10, avg=1, min=1, max=1) for id_ in ids]

    def create() -> None:
        for row in rows:
            row.at += 10
        with transaction.atomic():
            Sample.objects.bulk_create(rows)

    return median(create, rounds=30)


def _pruning(file: Path) -> Row:
    """The longest that another writer had to wait while a day went, against one statement."""
    from metrics_app.retention import KINDS
    from settings_app.retention import Limit

    def ours() -> None:
        for n in KINDS[0].prune(Limit(max_age_seconds=DAY), float(end())):
            pruned.append(n)
            time.sleep(_PRUNE_PAUSE_SECONDS)

    pruned: list[int] = []
    started = time.perf_counter()
    waits = _writer_meanwhile(file, ours)
    seconds = time.perf_counter() - started
    theirs = _one_statement(sum(pruned))
    return Row(
        "pruning a day: a writer waits at most",
        waits.most_ms,
        "ms",
        budget=10,
        compared_with="the seed's one statement",
        theirs=theirs.most_ms,
        note=f"{sum(pruned):,} rows in {len(pruned):,} commits, {seconds:.1f} s; "
        f"p99 {waits.p99_ms:.1f} ms",
    )


def _one_statement(n_rows: int) -> Waits:
    with big_history.original_history(2 * n_rows) as original:
        (_, _, file) = original.execute("PRAGMA database_list").fetchone()
        sql = "DELETE FROM metrics WHERE id IN (SELECT id FROM metrics ORDER BY timestamp LIMIT ?)"
        return _writer_meanwhile(Path(file), lambda: original.execute(sql, (n_rows,)))


def _writer_meanwhile(file: Path, action: Callable[[], object]) -> Waits:
    with _writing(file) as writer:
        action()
        assert writer.stdin is not None and writer.stdout is not None
        writer.stdin.close()
        most, p99, _ = map(float, writer.stdout.read().split())
    return Waits(most * MILLI, p99 * MILLI)


@contextmanager
def _writing(file: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _WRITER, str(file)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as writer:  # type: ignore[call-overload]
        try:
            assert writer.stdout.readline() == "ready\n"
            yield writer
        finally:
            writer.kill()
