"""The migration seeds policies, deletes what exceeds them, and can be taken back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.core.management import call_command

from metrics_app.models import Rollup, Sample
from settings_app.models import RetentionPolicy
from tests.figures import CPU, DAY, MEMORY, rollups, samples

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE, AFTER = "0001", "0002"


def migrate(to: str) -> None:
    call_command("migrate", "metrics_app", to, verbosity=0)


@pytest.fixture
def before() -> Iterator[None]:
    migrate(BEFORE)
    yield
    migrate(AFTER)


@pytest.mark.usefixtures("before")
def test_an_overfull_table_is_pruned() -> None:
    now = int(time.time()) // 10 * 10
    samples(range(now - 3 * DAY, now, 10))
    samples([now - 5 * DAY, now - 60], MEMORY)
    rollups(60, [now // 60 * 60 - 15 * DAY, now // 60 * 60 - 60])
    migrate(AFTER)
    assert Sample.objects.filter(series__key=CPU.key).count() in (2 * 8_640, 2 * 8_640 + 1)
    assert Sample.objects.filter(series__key=MEMORY.key).count() == 1
    assert Rollup.objects.count() == 1


@pytest.mark.usefixtures("before")
def test_a_clock_that_is_years_ahead_deletes_nothing_young(monkeypatch: pytest.MonkeyPatch) -> None:
    now = int(time.time()) // 10 * 10
    samples(range(now - DAY, now, 10))
    monkeypatch.setattr(time, "time", lambda: now + 400.0 * DAY)
    migrate(AFTER)
    assert Sample.objects.count() == 8_640


@pytest.mark.usefixtures("before")
def test_policies_come_and_go_with_it() -> None:
    assert not RetentionPolicy.objects.exists()
    migrate(AFTER)
    ages = RetentionPolicy.objects.values_list("key", "max_age_seconds")
    assert dict(ages) == {
        "metrics.samples": 2 * DAY,
        "metrics.minutes": 14 * DAY,
        "metrics.quarters": 90 * DAY,
        "metrics.hours": 730 * DAY,
        "metrics.days": 3_652 * DAY,
    }
    migrate(BEFORE)
    assert not RetentionPolicy.objects.exists()


@pytest.mark.usefixtures("before")
def test_run_again_after_an_interruption_it_changes_no_policy() -> None:
    RetentionPolicy.objects.create(key="metrics.samples", label="x", max_age_seconds=7 * DAY)
    migrate(AFTER)
    assert RetentionPolicy.objects.get(key="metrics.samples").max_age_seconds == 7 * DAY
