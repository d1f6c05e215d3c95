from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from logs_app import kept_lines
from logs_app.core.batch import Batch
from logs_app.kept_lines import BATCH_ROWS, MOST_A_SECOND, MOST_WAITING, KeptLines
from logs_app.models import LogLine
from logs_app.retention import excess_lines, prune_lines

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def warnings(n: int) -> Batch:
    return Batch(1790000000123, ["W "] * n, [f"warning {number}" for number in range(n)])


@pytest.fixture
def no_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_lines, "MOST_A_SECOND", 1_000_000)


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    def refuse(*_: Any, **__: Any) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(LogLine.objects, "bulk_create", refuse)
        yield patch


def test_rows_are_written_in_batches(no_share: None) -> None:
    kept = KeptLines()
    kept.add("engine.7", warnings(BATCH_ROWS + 1))
    with CaptureQueriesContext(connection) as queries:
        assert kept.write() == BATCH_ROWS
    assert sum("INSERT" in query["sql"] for query in queries) == 1
    assert kept.write() == 1
    assert kept.write() == 0


def test_rows_wait_for_a_busy_database_in_their_order(
    no_share: None, busy: pytest.MonkeyPatch
) -> None:
    kept = KeptLines()
    kept.add("engine.7", warnings(3))
    assert kept.write() == 0
    kept.add("engine.7", Batch(0, ["E "], ["later"]))
    busy.undo()
    assert kept.write() == 4
    texts = list(LogLine.objects.values_list("text", flat=True))
    assert texts == ["warning 0", "warning 1", "warning 2", "later"]


def test_while_the_database_is_busy_memory_is_bounded(
    no_share: None, busy: pytest.MonkeyPatch
) -> None:
    kept = KeptLines()
    for _ in range(4):
        kept.add("engine.7", warnings(MOST_WAITING))
        kept.write()
    assert len(kept._waiting) <= MOST_WAITING


def test_a_program_that_warns_in_a_loop_fills_no_table() -> None:
    kept = KeptLines()
    kept.add("engine.7", warnings(10_000))
    kept.add("engine.8", Batch(0, ["E "], ["of another source"]))
    while kept.write():
        pass
    assert LogLine.objects.filter(source="engine.7").count() <= 2 * MOST_A_SECOND + 2
    assert LogLine.objects.get(source="engine.8").text == "of another source"


def lines(n: int) -> None:
    for number in range(n):
        LogLine.objects.create(
            source="engine.7",
            at=NOW - timedelta(hours=n - number),
            level="W",
            is_event=False,
            text=str(number),
        )


@pytest.mark.parametrize(
    ("max_age_seconds", "max_rows", "left"),
    [(None, None, 20), (5 * 3600, None, 5), (None, 7, 7), (5 * 3600, 7, 5), (0, None, 0),
     (None, 0, 0), (10**9, 100, 20)],
)  # fmt: skip
def test_the_oldest_rows_go_by_age_and_number(
    max_age_seconds: int | None, max_rows: int | None, left: int
) -> None:
    lines(20)
    now = NOW.timestamp()
    assert excess_lines(max_age_seconds, max_rows, now) == 20 - left
    assert sum(prune_lines(max_age_seconds, max_rows, now)) == 20 - left
    assert [row.text for row in LogLine.objects.all()] == [str(n) for n in range(20 - left, 20)]


def test_an_empty_table_has_nothing_to_prune() -> None:
    assert list(prune_lines(1, 1, NOW.timestamp())) == []


def test_rows_go_in_small_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logs_app.retention.BATCH_ROWS", 8)
    lines(20)
    assert list(prune_lines(None, 0, NOW.timestamp())) == [8, 8, 4]


def test_the_newest_rows_of_a_source_are_found_by_the_index() -> None:
    rows = LogLine.objects.filter(source="engine.7", id__lt=100).order_by("-id")[:50]
    if connection.vendor == "sqlite":
        assert "logs_of_a_source" in rows.explain()
