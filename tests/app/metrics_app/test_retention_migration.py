"""The migration seeds policies, deletes what exceeds them, and can be taken back."""

from __future__ import annotations

import importlib
import logging
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
    minutes = Rollup.objects.filter(resolution=60)
    assert not minutes.filter(at__lt=now - 14 * DAY - 60).exists()
    assert minutes.filter(at=now // 60 * 60 - 60).exists()


def kept(resolution: int) -> list[tuple[int, int, float, float, float]]:
    found = Rollup.objects.filter(resolution=resolution).order_by("at")
    return list(found.values_list("at", "n", "avg", "min", "max"))


@pytest.mark.usefixtures("before")
def test_what_is_deleted_lives_on_in_the_coarser_tiers() -> None:
    today = int(time.time()) // DAY * DAY
    old, older = today - 3 * DAY, today - 20 * DAY
    samples([*range(older, older + 120, 10), *range(old, old + 60, 10), today])
    migrate(AFTER)
    assert list(Sample.objects.values_list("at", flat=True)) == [today]
    assert [(at, n) for at, n, *_ in kept(60)] == [(old, 60)]  # the older minutes are too old too
    for seconds in (900, 3_600, 86_400):
        assert [(at, n) for at, n, *_ in kept(seconds)] == [(older, 120), (old, 60)]


@pytest.mark.usefixtures("before")
def test_a_minute_that_was_made_of_more_stays_as_it_is() -> None:
    old = int(time.time()) // 60 * 60 - 3 * DAY
    rollups(60, [old])
    (before,) = kept(60)
    samples([old + 50, old + 4 * DAY])  # what an interrupted run has left of it
    migrate(AFTER)
    assert kept(60)[0] == before


@pytest.mark.usefixtures("before")
def test_rows_of_1970_do_not_cost_a_statement_for_each_minute_since() -> None:
    now = int(time.time()) // 10 * 10
    samples([0, 10, now])
    started = time.monotonic()
    migrate(AFTER)
    assert time.monotonic() - started < 30  # thirty million of them take a day
    assert Sample.objects.count() == 1
    assert [(at, n) for at, n, *_ in kept(86_400)] == [(0, 20)]


@pytest.mark.usefixtures("before")
def test_the_log_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    module = importlib.import_module("metrics_app.migrations.0002_retention")
    monkeypatch.setattr(module, "SAID_SECONDS", 0.0)
    now = int(time.time()) // 10 * 10
    samples([*range(now - 4 * DAY, now - 4 * DAY + 7_000, 10), now])
    with caplog.at_level(logging.INFO, module.__name__):
        migrate(AFTER)
    said = [record.message for record in caplog.records if record.name == module.__name__]
    assert "old figures are rolled up; 0 rows are gone" in said
    assert "old figures are deleted; 500 rows are gone" in said
    assert said[-1] == "old figures: 700 rows deleted"


@pytest.mark.usefixtures("before")
def test_a_clock_that_is_years_ahead_deletes_nothing_young(monkeypatch: pytest.MonkeyPatch) -> None:
    now = int(time.time()) // 10 * 10
    samples(range(now - DAY, now, 10))
    monkeypatch.setattr(time, "time", lambda: now + 400.0 * DAY)
    migrate(AFTER)
    assert Sample.objects.count() == 8_640


@pytest.mark.usefixtures("before")
def test_policies_come_and_go_with_it() -> None:
    ours = RetentionPolicy.objects.filter(key__startswith="metrics.")
    assert not ours.exists()
    migrate(AFTER)
    ages = ours.values_list("key", "max_age_seconds")
    assert dict(ages) == {
        "metrics.samples": 2 * DAY,
        "metrics.minutes": 14 * DAY,
        "metrics.quarters": 90 * DAY,
        "metrics.hours": 730 * DAY,
        "metrics.days": 3_652 * DAY,
    }
    migrate(BEFORE)
    assert not ours.exists()


@pytest.mark.usefixtures("before")
def test_run_again_after_an_interruption_it_changes_no_policy() -> None:
    RetentionPolicy.objects.create(key="metrics.samples", label="x", max_age_seconds=7 * DAY)
    migrate(AFTER)
    assert RetentionPolicy.objects.get(key="metrics.samples").max_age_seconds == 7 * DAY
