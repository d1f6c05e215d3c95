from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone

from agent_app.pruner import Pruner, last_run
from metrics_app import retention as metrics_retention
from metrics_app.models import Sample
from settings_app.models import RetentionPolicy
from settings_app.retention import policies
from tests.fakes.serving import wait_until
from tests.figures import DAY, samples

pytestmark = pytest.mark.django_db(transaction=True)


def overfull() -> int:
    """Samples of four days; two are kept."""
    now = int(time.time()) // 10 * 10
    samples(range(now - 4 * DAY, now, 60))
    return 4 * DAY // 60


def test_a_step_applies_every_policy() -> None:
    n_rows = overfull()
    n_deleted = Pruner().step()
    assert Sample.objects.count() == n_rows - n_deleted
    assert n_deleted in range(2 * DAY // 60 - 2, 2 * DAY // 60 + 2)
    assert Pruner().step() == 0


def test_a_policy_that_was_changed_holds_from_then_on() -> None:
    overfull()
    policy, _ = policies()[0]
    policy.max_age_seconds, policy.max_rows = None, 1_000
    policy.save()
    Pruner().step()
    assert Sample.objects.count() == 1_000


def test_a_stop_ends_it_between_two_commits_and_the_next_turn_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics_retention, "LOCKED_SECONDS", 0.0)
    n_rows = overfull()
    stopped = threading.Event()
    stopped.set()
    n_deleted = Pruner().step(stopped)
    assert 0 < n_deleted <= 500 and Sample.objects.count() == n_rows - n_deleted
    assert last_run().at is None  # not to the end
    assert Pruner().step() > 2_000


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite has one writer at a time")
def test_a_locked_database_costs_a_turn_not_the_process() -> None:
    n_rows = overfull()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=10")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert Pruner().step() == 0
    finally:
        other.close()
        connection.close()
    assert Sample.objects.count() == n_rows
    assert Pruner().step() > 0


def test_the_last_run_is_when_all_had_been_applied() -> None:
    assert last_run().at is None and not last_run().is_late
    before = timezone.now()
    overfull()
    n_deleted = Pruner().step()
    found = last_run()
    assert found.at is not None and found.at >= before
    assert (found.n_rows, found.is_late) == (n_deleted, False)


def test_retention_is_late_after_three_hours_without_a_run() -> None:
    Pruner().step()
    RetentionPolicy.objects.update(pruned_at=timezone.now() - timedelta(hours=3, minutes=1))
    assert last_run().is_late


def test_retention_that_never_ran_is_late_in_time() -> None:
    Pruner().step()
    long_ago = timezone.now() - timedelta(hours=4)
    RetentionPolicy.objects.update(pruned_at=None, updated_at=long_ago)
    assert last_run().is_late


async def test_the_loop_runs_a_first_turn_and_ends_when_told() -> None:
    n_rows = await sync_to_async(overfull)()
    stop = asyncio.Event()
    running = asyncio.create_task(Pruner(first_seconds=0.01).run(stop))
    await sync_to_async(wait_until)(lambda: last_run().at is not None, "a first turn")
    stop.set()
    await asyncio.wait_for(running, 30)
    assert await sync_to_async(Sample.objects.count)() < n_rows
