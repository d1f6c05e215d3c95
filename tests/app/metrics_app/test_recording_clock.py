"""A wall clock that is set, forwards or back, doubles nothing and invents nothing."""

from __future__ import annotations

import pytest
from django.db.models import Count

from metrics_app.models import Rollup, Sample
from metrics_app.query import query
from metrics_app.recording import Recorder
from metrics_app.retention import KINDS
from settings_app.retention import Limit
from tests.figures import CPU, DAY, MIDNIGHT, feed, samples

pytestmark = pytest.mark.django_db
HOUR = 3_600
NOON = MIDNIGHT + DAY // 2


@pytest.fixture
def recorder() -> Recorder:
    recorder = Recorder()
    assert recorder.start()
    return recorder


def doubled() -> int:
    keys = Sample.objects.values("series_id", "at").annotate(n_rows=Count("at"))
    return keys.filter(n_rows__gt=1).count()


def test_after_an_hour_back_there_is_one_row_for_each_ten_seconds(recorder: Recorder) -> None:
    feed(recorder, NOON, NOON + 601, 1.0)
    feed(recorder, NOON + 600 - HOUR, NOON + 601, 3.0)  # an hour again
    assert doubled() == 0
    assert Sample.objects.count() == HOUR // 10 + 1
    assert Sample.objects.filter(n=10).count() == HOUR // 10


def test_ten_seconds_entered_again_hold_both_and_no_more_seconds(recorder: Recorder) -> None:
    feed(recorder, NOON, NOON + 11, 1.0)
    feed(recorder, NOON, NOON + 11, 3.0)
    (row,) = Sample.objects.filter(at=NOON)
    assert (row.n, row.avg, row.min, row.max) == (10, 2.0, 1.0, 3.0)


def test_a_minute_entered_again_is_made_anew(recorder: Recorder) -> None:
    feed(recorder, NOON, NOON + 61, 1.0)
    feed(recorder, NOON, NOON + 61, 3.0)
    row = Rollup.objects.get(resolution=60, at=NOON)
    assert (row.n, row.avg, row.min, row.max) == (60, 2.0, 1.0, 3.0)


def test_a_minute_left_by_setting_the_clock_back_is_made_of_what_there_was(
    recorder: Recorder,
) -> None:
    feed(recorder, NOON + 60, NOON + 90, 1.0)
    feed(recorder, NOON, NOON + 11, 1.0)
    (row,) = Rollup.objects.filter(resolution=60)
    assert (row.at, row.n) == (NOON + 60, 30)


def test_a_day_forward_is_a_gap(recorder: Recorder) -> None:
    feed(recorder, NOON, NOON + 61, 1.0)
    feed(recorder, NOON + DAY, NOON + DAY + 61, 1.0)
    answer = query([CPU.key], NOON, NOON + DAY + 60, now=NOON + DAY + 61.0)
    known = [value is not None for value in answer.series[CPU.key].avg]
    assert known[0] and known[-1] and sum(known) == 2


def test_a_day_forward_deletes_nothing_that_the_newest_row_finds_young(
    recorder: Recorder,
) -> None:
    samples(range(NOON - 2 * DAY + 10, NOON, 10))
    n_rows = Sample.objects.count()
    policy = Limit(max_age_seconds=2 * DAY)
    assert sum(KINDS[0].prune(policy, now=NOON + DAY)) == 0
    assert Sample.objects.count() == n_rows


def test_a_clock_set_back_counts_ages_from_now() -> None:
    samples([MIDNIGHT, NOON, NOON + DAY])
    assert sum(KINDS[0].prune(Limit(max_age_seconds=DAY), now=MIDNIGHT + DAY + 10.0)) == 0
    assert sum(KINDS[0].prune(Limit(max_age_seconds=DAY), now=MIDNIGHT + DAY + 11.0)) == 1
