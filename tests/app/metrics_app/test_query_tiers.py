"""Each range is answered from the tier that costs least and still shows it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from metrics_app.hour import hour
from metrics_app.models import Rollup, Sample
from metrics_app.query import query
from tests.figures import CPU, DAY, MIDNIGHT, rollups, sampled, samples

pytestmark = pytest.mark.django_db
HOUR = 3_600
NOW = MIDNIGHT + 1_000 * DAY


@pytest.fixture
def history() -> None:
    """One row of each tier, old enough for any range of it."""
    samples([NOW - 2 * DAY])
    for seconds, days in ((60, 14), (900, 90), (3_600, 730), (DAY, 900)):
        rollups(seconds, [NOW - days * DAY])


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize(
    ("seconds", "tier", "step"),
    [
        (300, "10s", 10),
        (4 * HOUR, "10s", 20),
        (4 * HOUR + 1, "1min", 60),
        (25 * HOUR, "1min", 180),
        (7 * DAY, "15min", 900),
        (15 * DAY, "15min", 1_800),
        (30 * DAY, "1h", HOUR),
        (62 * DAY, "1h", 3 * HOUR),
        (90 * DAY, "1d", DAY),
        (730 * DAY, "1d", 2 * DAY),
    ],
)
def test_a_range_chooses_its_tier_and_step(seconds: int, tier: str, step: int) -> None:
    answer = query([CPU.key], NOW - seconds, NOW, now=NOW)
    assert (answer.tier, answer.step) == (tier, step)
    assert len(answer.series[CPU.key].avg) <= 721


@pytest.mark.usefixtures("history")
def test_a_range_of_the_past_is_read_from_what_is_still_held() -> None:
    assert query([CPU.key], NOW - 9 * DAY, NOW - 9 * DAY + 60, now=NOW).tier == "1min"
    assert query([CPU.key], NOW - 60 * DAY, NOW - 60 * DAY + 60, now=NOW).tier == "15min"
    assert query([CPU.key], NOW - 200 * DAY, NOW - 200 * DAY + 60, now=NOW).tier == "1h"


def test_a_young_history_is_not_read_coarser_than_it_is() -> None:
    samples(range(NOW - 600, NOW, 10))
    rollups(60, range(NOW - 600, NOW, 60))
    rollups(900, [NOW - 900])
    assert query([CPU.key], NOW - HOUR, NOW, now=NOW).tier == "10s"


def test_the_grid_begins_at_a_multiple_of_its_step() -> None:
    samples(range(NOW - HOUR, NOW, 10))
    answer = query([CPU.key], NOW - 1_234.5, NOW, points=20, now=NOW)
    assert answer.start % answer.step == 0 and answer.step % 10 == 0
    assert answer.start <= NOW - 1_234.5 < answer.start + answer.step


def test_merged_buckets_keep_the_extremes_and_weigh_averages() -> None:
    samples([NOW - 600, NOW - 580], avg=1.0)
    samples([NOW - 590], avg=7.0)
    Sample.objects.filter(at=NOW - 590).update(n=4)
    columns = query([CPU.key], NOW - 600, NOW - 300, points=2, now=NOW).series[CPU.key]
    assert columns.avg == [2.0, None]
    assert (columns.min[0], columns.max[0]) == (0.5, 14.0)


@pytest.mark.parametrize("points", [2, 3, 7, 100, 1_499, 1_500])
@pytest.mark.parametrize("seconds", [61, 3_000, 14_399, 90_000])
def test_there_are_never_more_buckets_than_points(points: int, seconds: int) -> None:
    samples(range(NOW - HOUR, NOW, 10))
    answer = query([CPU.key], NOW - seconds - 3.3, NOW - 3.3, points, now=NOW)
    columns = answer.series[CPU.key]
    assert 1 <= len(columns.avg) == len(columns.min) == len(columns.max) <= points


def test_what_lies_before_the_range_is_not_in_its_first_bucket() -> None:
    samples([NOW - 1_210], avg=99.0)
    samples([NOW - 1_200], avg=1.0)
    columns = query([CPU.key], NOW - 1_200, NOW - 2, points=2, now=NOW).series[CPU.key]
    assert columns.summary.avg == 1.0


def test_what_no_tier_is_coarse_enough_for_is_merged_by_the_database() -> None:
    rollups(DAY, range(NOW - 3_000 * DAY, NOW, DAY))
    rollups(DAY, [NOW - 3_001 * DAY], avg=4.0)
    columns = query([CPU.key], NOW - 3_001 * DAY, NOW, now=NOW).series[CPU.key]
    assert len(columns.avg) in (601, 602) and set(columns.avg[1:]) == {1.0}
    assert columns.avg[0] is not None and columns.avg[0] > 1.0
    assert columns.max[0] == 8.0 and columns.summary.max == 8.0


def test_the_last_minutes_of_a_coarse_chart_come_from_finer_tiers() -> None:
    rollups(3_600, range(NOW - 30 * DAY, NOW, HOUR))
    rollups(900, [NOW, NOW + 900], avg=2.0)  # the hour that is not over
    rollups(60, [NOW + 1_800], avg=3.0)
    samples([NOW + 1_860], avg=4.0)
    for second in range(1_870, 1_875):
        hour.add(sampled(NOW + second, {CPU: 9.0}))
    columns = query([CPU.key], NOW - 30 * DAY, NOW + 1_875, now=NOW + 1_875.0).series[CPU.key]
    seconds = 900 * 2 * 2 + 60 * 3 + 10 * 4 + 5 * 9
    assert columns.avg[-1] == pytest.approx(seconds / (1_800 + 60 + 10 + 5))
    assert (columns.avg[-2], columns.max[-1]) == (1.0, 9.0)
    assert columns.summary.now == 9.0


def test_nothing_is_counted_twice_where_tiers_overlap() -> None:
    samples(range(NOW - 2 * HOUR, NOW, 10), avg=5.0)
    rollups(60, range(NOW - 10 * HOUR, NOW - 60, 60), avg=1.0)
    columns = query([CPU.key], NOW - 10 * HOUR, NOW, points=1500, now=NOW).series[CPU.key]
    assert columns.avg == [1.0] * 599 + [5.0]


def test_no_chart_reads_more_than_its_share_of_rows() -> None:
    samples(range(NOW - 2 * DAY, NOW, 10))
    rollups(60, range(NOW - 2 * DAY, NOW, 60))
    for seconds in (HOUR, 4 * HOUR, 25 * HOUR):
        with CaptureQueriesContext(connection) as captured:
            query([CPU.key], NOW - seconds, NOW, now=NOW)
        assert len(captured) <= 6
    assert Rollup.objects.filter(at__gte=NOW - 25 * HOUR).count() == 1_500
