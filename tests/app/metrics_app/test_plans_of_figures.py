"""The primary keys carry every question; here the databases say whether they use them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from metrics_app import query, rollup
from metrics_app.models import Sample
from metrics_app.recording import Recorder
from metrics_app.retention import KINDS
from metrics_app.tiers import MINUTES, SAMPLES
from settings_app.retention import Limit
from tests.fakes import postgres
from tests.figures import CPU, MEMORY, MIDNIGHT, feed, samples
from tests.requirements_here import need

NOW = MIDNIGHT + 86_400


def chart() -> None:
    query.query([CPU.key, MEMORY.key], NOW - 7_200, NOW, now=NOW)


def chart_of_a_day() -> None:
    query.query([CPU.key, MEMORY.key], NOW - 86_400, NOW, now=NOW)


def newest_values() -> None:
    assert query.latest(NOW).at


def prune_by_age() -> None:
    assert sum(KINDS[0].prune(Limit(max_age_seconds=80_000), NOW)) > 0
    assert sum(KINDS[1].prune(Limit(max_age_seconds=80_000), NOW)) > 0


def count_what_exceeds() -> None:
    assert KINDS[0].excess(Limit(max_age_seconds=80_000), NOW) > 0


def repair() -> None:
    rollup.repair(NOW - 10, NOW - 10)


def record() -> None:
    recorder = Recorder()
    assert recorder.start()
    feed(recorder, NOW, NOW + 61, 1.0)


ACTIONS = [chart, chart_of_a_day, newest_values, prune_by_age, count_what_exceeds, repair, record]
ids = [action.__name__ for action in ACTIONS]


@contextmanager
def statements() -> Iterator[list[str]]:
    """Those that read or delete rows of figures."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield found
    # A recorder's upsert, written many times over, names its rows one by one.
    texts = [each["sql"] for each in captured if "times:" not in each["sql"]]
    found += [sql for sql in texts if "_sample" in sql or "_rollup" in sql]
    assert found


def plan(sql: str) -> str:
    with connection.cursor() as cursor:
        words = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
        cursor.execute(f"{words} {sql}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def figures_of_a_day() -> None:
    for metric in (CPU, MEMORY):
        samples(range(NOW - 86_400, NOW, 10), metric)
    for seconds in (60, 900, 3_600, 86_400):
        rollup.roll_up(seconds, NOW - 86_400, NOW)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="plans are the database's own")
@pytest.mark.parametrize("action", ACTIONS, ids=ids)
def test_sqlite_goes_by_the_primary_key(action: Callable[[], None]) -> None:
    figures_of_a_day()
    with statements() as found:
        action()
    for sql in found:
        used = plan(sql)
        assert "USING PRIMARY KEY (series_id=?" in used, f"{sql}\n{used}"
        assert "SCAN metrics_app_sample" not in used and "SCAN metrics_app_rollup" not in used
        assert "SCAN x" not in used


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="a table of SQLite")
@pytest.mark.parametrize("table", ["metrics_app_sample", "metrics_app_rollup"])
def test_on_sqlite_rows_lie_in_their_primary_key(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [table])
        assert cursor.fetchone()[0].endswith("WITHOUT ROWID")
        cursor.execute("SELECT count(*) FROM sqlite_master WHERE tbl_name = %s", [table])
        assert cursor.fetchone()[0] == 1  # no index beside it


@pytest.fixture(scope="module")
def cluster(django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    why = postgres.why_missing()
    need(not why, why)
    with postgres.running_cluster() as url:
        with django_db_blocker.unblock(), postgres.as_default_database(url):
            call_command("migrate", verbosity=0)
            figures_of_a_day()
            _many_more_rows()
        yield url


def _many_more_rows() -> None:
    """Enough that reading all of them costs more than going by the index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO metrics_app_series (key, source, name, label, unit, created_at) "
            "SELECT 'other/' || i, 'other', '', i, 'count', now() FROM generate_series(1, 20) AS i"
        )
        rows = (
            "FROM metrics_app_series AS s, generate_series(1, 3000) AS i WHERE s.source = 'other'"
        )
        cursor.execute(
            "INSERT INTO metrics_app_sample (series_id, at, n, avg, min, max) "
            "SELECT s.id, i * 60, 1, 1, 1, 1 " + rows
        )
        cursor.execute(
            "INSERT INTO metrics_app_rollup (series_id, resolution, at, n, avg, min, max) "
            "SELECT s.id, 60, i * 60, 1, 1, 1, 1 " + rows
        )
        cursor.execute("ANALYZE metrics_app_series, metrics_app_sample, metrics_app_rollup")


# Counting what is nearly all of a table is rightly a scan there.
@pytest.mark.parametrize("action", [each for each in ACTIONS if each is not count_what_exceeds])
def test_postgresql_goes_by_the_primary_key(
    cluster: str, action: Callable[[], None], django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock(), postgres.as_default_database(cluster):
        with statements() as found:
            action()
        for sql in found:
            used = plan(sql)
            assert "_pkey" in used, f"{sql}\n{used}"
            assert "Seq Scan on metrics_app_sample" not in used, f"{sql}\n{used}"
            assert "Seq Scan on metrics_app_rollup" not in used, f"{sql}\n{used}"


def test_postgresql_records_and_answers_as_sqlite_does(
    cluster: str, django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock(), postgres.as_default_database(cluster):
        later = NOW + 10 * 86_400  # none of the other tests wrote there
        recorder = Recorder()
        assert recorder.start()
        feed(recorder, later, later + 61, lambda at: float(at - later))
        feed(recorder, later, later + 10, 100.0)
        feed(recorder, later + 60, later + 71, 1.0)
        assert Sample.objects.filter(at=later).values_list("n", "min", "max").get() == (10, 0, 100)
        answer = query.query([CPU.key], later, later + 60, now=later + 60.0)
        assert answer.tier == SAMPLES.name
        assert answer.series[CPU.key].avg == [52.25, 14.5, 24.5, 34.5, 44.5, 54.5]
        coarse = query.query([CPU.key], later - 18_000, later + 60, now=later + 60.0)
        assert coarse.tier == MINUTES.name and coarse.series[CPU.key].max[-1] == 100.0
