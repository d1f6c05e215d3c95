"""What exceeds a limit goes, in short commits, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics_app import retention
from metrics_app.models import Rollup, Sample, Series
from metrics_app.retention import BATCH_ROWS, KINDS, TierRetention
from settings_app.retention import Limit, policies
from tests.figures import CPU, DAY, MEMORY, MIDNIGHT, rollups, samples, series

pytestmark = pytest.mark.django_db
SAMPLES, MINUTES, _, HOURS, _ = KINDS
NOW = float(MIDNIGHT + DAY)
LAST_DAY = range(MIDNIGHT, MIDNIGHT + DAY, 10)


def prune(kind: TierRetention, limit: Limit, now: float = NOW) -> int:
    expected = kind.excess(limit, now)
    assert sum(kind.prune(limit, now)) == expected  # a dry run says what is done
    return expected


def test_what_is_older_goes_and_what_is_younger_stays() -> None:
    samples(LAST_DAY)
    assert prune(SAMPLES, Limit(max_age_seconds=3_600)) == len(LAST_DAY) - 361
    # Its last second is an hour ago.
    assert Sample.objects.order_by("at").values_list("at", flat=True)[0] == NOW - 3_610


def test_a_tier_prunes_its_own_resolution_only() -> None:
    rollups(60, [MIDNIGHT, MIDNIGHT + DAY - 60])
    rollups(3_600, [MIDNIGHT, MIDNIGHT + DAY - 3_600])
    assert prune(MINUTES, Limit(max_age_seconds=7_200)) == 1
    assert sorted(Rollup.objects.values_list("resolution", flat=True)) == [60, 3_600, 3_600]


def test_a_bucket_is_as_old_as_its_last_second() -> None:
    rollups(3_600, [MIDNIGHT, MIDNIGHT + DAY - 3_600])
    assert prune(HOURS, Limit(max_age_seconds=DAY - 3_600)) == 0
    assert prune(HOURS, Limit(max_age_seconds=DAY - 3_601)) == 1


def test_series_that_are_no_more_lose_their_rows_too() -> None:
    samples(LAST_DAY)
    samples([MIDNIGHT + 60], MEMORY)
    assert prune(SAMPLES, Limit(max_age_seconds=3_600)) == len(LAST_DAY) - 361 + 1
    assert not Sample.objects.filter(series__key=MEMORY.key).exists()


def test_the_newest_rows_stay_by_count() -> None:
    samples(LAST_DAY)
    samples(LAST_DAY, MEMORY)
    assert prune(SAMPLES, Limit(max_rows=6_000)) == 2 * len(LAST_DAY) - 6_000
    assert Sample.objects.filter(at__gte=NOW - 30_000).count() == 6_000


def test_a_count_is_exact_to_one_row_of_time() -> None:
    samples(LAST_DAY)
    samples(LAST_DAY, MEMORY)
    prune(SAMPLES, Limit(max_rows=6_001))
    assert Sample.objects.count() == 6_002  # of the interval that straddles it, both stay


@settings(deadline=None, max_examples=40)
@given(
    starts=st.sets(st.integers(0, 500), max_size=60),
    others=st.sets(st.integers(0, 500), max_size=60),
    most=st.integers(1, 150),
)
def test_any_history_keeps_its_newest_rows(starts: set[int], others: set[int], most: int) -> None:
    Sample.objects.all().delete()
    samples((MIDNIGHT + 120 * each for each in starts), CPU)
    samples((MIDNIGHT + 120 * each for each in others), MEMORY)
    before = sorted(Sample.objects.values_list("at", flat=True))
    prune(SAMPLES, Limit(max_rows=most))
    needed = max(before, default=0) - SAMPLES.least_age_seconds
    straddling = min(before[-most], needed) if len(before) > most else MIDNIGHT
    assert sorted(Sample.objects.values_list("at", flat=True)) == [
        at for at in before if at >= straddling
    ]


def test_both_limits_hold() -> None:
    samples(LAST_DAY)
    prune(SAMPLES, Limit(max_age_seconds=12 * 3_600, max_rows=3_000))
    assert Sample.objects.count() == 3_000
    prune(SAMPLES, Limit(max_age_seconds=7 * 3_600, max_rows=3_000))
    assert Sample.objects.count() == 2_521
    assert prune(SAMPLES, Limit()) == 0


@pytest.mark.parametrize("kind", KINDS[:-1], ids=lambda kind: kind.table)
def test_a_count_leaves_what_the_next_tier_is_made_from(kind: TierRetention) -> None:
    seconds = kind.tier.seconds
    starts = range(MIDNIGHT - 3 * DAY, MIDNIGHT + DAY, seconds)
    samples(starts) if kind is SAMPLES else rollups(seconds, starts)
    coarser = KINDS[KINDS.index(kind) + 1].tier.seconds
    sum(kind.prune(Limit(max_rows=1), NOW))
    oldest = kind.held().oldest_at
    assert oldest is not None and oldest.timestamp() <= NOW - max(2 * coarser, 6 * 3_600)
    assert kind.held().n_rows < len(starts)


def test_gaps_are_stepped_over() -> None:
    samples([*range(0, 5_000, 10), *range(MIDNIGHT - 5_000, MIDNIGHT, 10), MIDNIGHT + DAY - 10])
    commits = list(SAMPLES.prune(Limit(max_age_seconds=60), NOW))
    assert sum(commits) == 1_000 and len(commits) < 10


def test_a_commit_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "LOCKED_SECONDS", 0.0)
    samples(LAST_DAY)
    commits = list(SAMPLES.prune(Limit(max_age_seconds=600), NOW))
    assert sum(commits) == len(LAST_DAY) - 61
    assert max(commits) <= BATCH_ROWS


def test_it_can_be_left_between_two_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "LOCKED_SECONDS", 0.0)
    samples(LAST_DAY)
    turns = SAMPLES.prune(Limit(max_age_seconds=600), NOW)
    n_gone = next(turns)
    turns.close()  # type: ignore[attr-defined]
    assert Sample.objects.count() == len(LAST_DAY) - n_gone
    assert prune(SAMPLES, Limit(max_age_seconds=600)) == len(LAST_DAY) - 61 - n_gone


def test_what_is_held_is_told_without_counting(
    django_assert_num_queries: Callable[[int], object],
) -> None:
    samples(LAST_DAY)
    samples(LAST_DAY, MEMORY)
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        held = SAMPLES.held()
    assert held.n_rows == 2 * len(LAST_DAY)
    assert held.oldest_at is not None and held.oldest_at.timestamp() == MIDNIGHT
    assert KINDS[4].held().n_rows == 0


def test_a_series_of_which_nothing_is_left_is_forgotten_after_a_day() -> None:
    samples([MIDNIGHT])
    rollups(60, [MIDNIGHT], MEMORY)
    gone, young = replace(CPU, label="gone"), replace(CPU, label="young")
    series(gone), series(young)
    long_ago = datetime.fromtimestamp(NOW - 2 * DAY, UTC)
    Series.objects.exclude(key=young.key).update(created_at=long_ago)
    Series.objects.filter(key=young.key).update(created_at=datetime.fromtimestamp(NOW, UTC))
    rollups(86_400, [MIDNIGHT])
    list(KINDS[4].prune(Limit(max_age_seconds=9 * DAY), NOW))
    assert set(Series.objects.values_list("key", flat=True)) == {CPU.key, MEMORY.key, young.key}


def test_every_kind_has_a_policy_as_its_default_says() -> None:
    of_metrics = [(policy, kind) for policy, kind in policies() if kind in KINDS]
    assert len(of_metrics) == 5
    for policy, kind in of_metrics:
        assert policy.max_age_seconds == kind.default.max_age_seconds
        assert policy.label == kind.label and policy.max_rows is None


@pytest.mark.skipif(connection.vendor != "sqlite", reason="measured on SQLite")
def test_the_stated_bytes_of_a_row_are_about_true() -> None:
    def pages() -> int:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA page_count")
            n_pages = cursor.fetchone()[0]
            cursor.execute("PRAGMA freelist_count")
            return int(n_pages - cursor.fetchone()[0])

    before = pages()
    samples(range(MIDNIGHT - 3 * DAY, MIDNIGHT, 10), avg=0.1234567)
    n_bytes = (pages() - before) * 4096
    assert 0.6 < SAMPLES.held().n_bytes / n_bytes < 1.6
