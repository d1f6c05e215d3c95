from __future__ import annotations

import json
import sqlite3
import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from metrics_app.models import Rollup, Sample
from settings_app.models import RetentionPolicy
from tests.figures import DAY, rollups, samples

pytestmark = pytest.mark.django_db


def prune(*arguments: str) -> str:
    out = StringIO()
    call_command("prune_metrics", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def now() -> int:
    """Three days of an hour's distance, and the same of roll-ups."""
    now = int(time.time()) // 3_600 * 3_600
    samples(range(now - 3 * DAY, now, 3_600))
    rollups(60, range(now - 3 * DAY, now, 3_600))
    return now


@pytest.mark.usefixtures("now")
def test_without_a_limit_the_policies_are_applied() -> None:
    policy = {"label": "x", "max_age_seconds": DAY}
    RetentionPolicy.objects.update_or_create(key="metrics.samples", defaults=policy)
    found = json.loads(prune("--json"))
    assert Sample.objects.count() == 72 - found["samples"] and found["samples"] in (47, 48, 49)
    assert (found["minutes"], found["dry_run"]) == (0, False)
    assert set(found) == {
        "samples", "minutes", "quarters", "hours", "days", "dry_run", "duration_seconds",
    }  # fmt: skip


@pytest.mark.usefixtures("now")
def test_an_age_that_is_given_holds_for_every_tier() -> None:
    found = json.loads(prune("--older-than", "1d", "--json"))
    assert found["samples"] == found["minutes"] > 40
    assert Sample.objects.count() == Rollup.objects.count() == 72 - found["samples"]


@pytest.mark.usefixtures("now")
def test_what_coarser_figures_are_made_from_stays_and_that_is_said() -> None:
    told = StringIO()
    call_command("prune_metrics", "--older-than", "1h", stdout=StringIO(), stderr=told)
    assert "samples: the last 6 hours stay, they are needed.\n" in told.getvalue()
    assert "hours: the last 48 hours stay" in told.getvalue()
    assert Sample.objects.count() >= 6


@pytest.mark.usefixtures("now")
def test_the_newest_records_stay() -> None:
    assert prune("--max-records", "10") == (
        "124 rows deleted: 62 samples, 62 minutes, 0 quarters, 0 hours, 0 days.\n"
    )
    assert Sample.objects.count() == Rollup.objects.count() == 10


@pytest.mark.usefixtures("now")
def test_a_dry_run_deletes_nothing() -> None:
    assert prune("--max-records", "10", "--dry-run").startswith("124 rows would be deleted:")
    assert Sample.objects.count() == 72


@pytest.mark.parametrize(
    "arguments",
    [
        ("--older-than", "30"),
        ("--older-than", "-1d"),
        ("--older-than", "1 month"),
        ("--max-records", "many"),
        ("--max-records", "-5"),
        ("--nonsense",),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        prune(*arguments)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite has one writer at a time")
def test_a_locked_database_is_said_with_what_to_do(now: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=10")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(CommandError, match=r"database is locked.*try again when it is free"):
            prune("--older-than", "1d")
    finally:
        other.close()
        connection.close()
    assert Sample.objects.count() == 72
