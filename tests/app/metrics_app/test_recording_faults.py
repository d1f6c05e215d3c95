"""A database that cannot be written costs nothing that ten minutes of memory can hold."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import OperationalError, connection

from metrics_app.models import Rollup, Sample, Series
from metrics_app.query import known_series, query
from metrics_app.recording import MOST_WAITING, Recorder
from tests.figures import CPU, MIDNIGHT, feed, sampled

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite has one writer at a time"),
]


@pytest.fixture
def recorder() -> Recorder:
    recorder = Recorder()
    assert recorder.start()
    feed(recorder, MIDNIGHT, MIDNIGHT + 11, 1.0)
    return recorder


@pytest.fixture
def other(recorder: Recorder) -> Iterator[sqlite3.Connection]:
    """Another program's connection, which holds the writer's lock."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=10")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()
    connection.close()  # the next one gets the usual timeout


def note(recorder: Recorder, start: int, end: int) -> None:
    for second in range(start, end):
        recorder.add(sampled(second, {CPU: 1.0}))


def test_while_another_writes_figures_wait_and_are_written_afterwards(
    recorder: Recorder, other: sqlite3.Connection
) -> None:
    note(recorder, MIDNIGHT + 10, MIDNIGHT + 61)
    assert not recorder.write()
    assert "database is locked" in str(recorder.last_error)
    assert (recorder.n_pending, recorder.n_dropped, Sample.objects.count()) == (5, 0, 1)
    other.execute("COMMIT")
    assert recorder.write()
    figures = recorder.last_error, recorder.n_pending, recorder.n_written
    assert figures == (None, 0, 6)
    assert Rollup.objects.get(resolution=60).n == 60


def test_readers_go_on_meanwhile(recorder: Recorder, other: sqlite3.Connection) -> None:
    note(recorder, MIDNIGHT + 10, MIDNIGHT + 31)
    assert not recorder.write()
    answer = query([CPU.key], MIDNIGHT, MIDNIGHT + 20, now=MIDNIGHT + 20.0)
    assert answer.series[CPU.key].avg == [1.0, None]


def test_after_ten_minutes_the_oldest_give_way_and_are_counted(
    recorder: Recorder, other: sqlite3.Connection
) -> None:
    note(recorder, MIDNIGHT + 20, MIDNIGHT + 20 + 10 * (MOST_WAITING + 3) + 1)
    assert not recorder.write()
    assert (recorder.n_pending, recorder.n_dropped) == (MOST_WAITING, 4)
    other.execute("COMMIT")
    assert recorder.write()
    starts = Sample.objects.order_by("at").values_list("at", flat=True)
    assert list(starts[:2]) == [MIDNIGHT, MIDNIGHT + 50]


def test_a_new_series_survives_a_transaction_that_did_not(
    recorder: Recorder, other: sqlite3.Connection
) -> None:
    fresh = Recorder()
    note(fresh, MIDNIGHT + 20, MIDNIGHT + 31)
    assert not fresh.write() and not fresh.write()
    other.execute("COMMIT")
    assert fresh.write()
    assert [metric.key for metric in known_series()] == [CPU.key]


def test_a_start_that_finds_the_database_locked_is_made_up_for(
    recorder: Recorder, other: sqlite3.Connection
) -> None:
    successor = Recorder()
    assert not successor.start()
    other.execute("COMMIT")
    feed(successor, MIDNIGHT + 60, MIDNIGHT + 71, 1.0)
    assert Rollup.objects.get(resolution=60).at == MIDNIGHT  # what the first one had begun


def test_a_full_disk_is_said_in_words_and_overcome_when_there_is_room(recorder: Recorder) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count={pages}")
        for number in range(pages):  # what is free already is taken
            try:
                cursor.execute(f"CREATE TABLE filler_{number} (x)")
            except OperationalError:
                break
    note(recorder, MIDNIGHT + 10, MIDNIGHT + 21)
    many = [replace(CPU, label=f"{number:0150d}") for number in range(2000)]
    recorder.add(sampled(MIDNIGHT + 30, dict.fromkeys(many, 1.0)))
    recorder.add(sampled(MIDNIGHT + 40, {CPU: 1.0}))
    assert not recorder.write()
    assert recorder.last_error == "database or disk is full"
    assert Sample.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count=1073741823")
        for name in connection.introspection.table_names(cursor):
            if name.startswith("filler_"):
                cursor.execute(f'DROP TABLE "{name}"')
    assert recorder.write()
    assert Sample.objects.count() == 2003


def test_rows_that_vanished_are_made_again(recorder: Recorder) -> None:
    Sample.objects.all().delete()
    Series.objects.all().delete()  # a backup was restored
    note(recorder, MIDNIGHT + 10, MIDNIGHT + 21)
    assert not recorder.write()
    assert recorder.write()
    assert Sample.objects.get().at == MIDNIGHT + 10
