"""Every tier says of a time what its seconds said."""

from __future__ import annotations

import pytest

from metrics_app.models import Rollup
from metrics_app.recording import Recorder
from tests.figures import CPU, DAY, MIDNIGHT, feed, rollups, samples, series

pytestmark = pytest.mark.django_db


def started() -> Recorder:
    recorder = Recorder()
    assert recorder.start()
    return recorder


def tier(seconds: int) -> list[tuple[int, int, float, float, float]]:
    rows = Rollup.objects.filter(resolution=seconds).order_by("at")
    return list(rows.values_list("at", "n", "avg", "min", "max"))


def test_a_minute_is_written_with_its_last_ten_seconds() -> None:
    recorder = started()
    feed(recorder, MIDNIGHT, MIDNIGHT + 60, lambda at: float(at - MIDNIGHT))
    assert tier(60) == []
    feed(recorder, MIDNIGHT + 60, MIDNIGHT + 61, 0.0)
    assert tier(60) == [(MIDNIGHT, 60, 29.5, 0.0, 59.0)]


def test_a_spike_of_one_second_is_seen_in_every_tier() -> None:
    recorder = started()
    last_hour = MIDNIGHT + DAY - 3_600
    feed(recorder, last_hour, MIDNIGHT + DAY + 1, lambda at: 99.0 if at == last_hour + 17 else 1.0)
    for seconds in (60, 900, 3_600, 86_400):
        assert tier(seconds)[0][4] == 99.0


def test_a_day_is_made_of_hours_of_quarters_of_minutes() -> None:
    recorder = started()
    samples(range(MIDNIGHT + DAY - 60, MIDNIGHT + DAY - 10, 10), avg=6.0)
    rollups(60, range(MIDNIGHT + DAY - 900, MIDNIGHT + DAY - 60, 60))
    rollups(900, range(MIDNIGHT + DAY - 3_600, MIDNIGHT + DAY - 900, 900))
    rollups(3_600, range(MIDNIGHT, MIDNIGHT + DAY - 3_600, 3_600))
    feed(recorder, MIDNIGHT + DAY - 10, MIDNIGHT + DAY + 1, 6.0)
    ((at, n, avg, smallest, largest),) = tier(DAY)
    assert (at, n) == (MIDNIGHT, DAY)
    assert avg == pytest.approx(1 + 5 * 60 / DAY)  # the last minute stood at 6
    assert (smallest, largest) == (0.5, 12.0)


def test_averages_weigh_the_seconds_they_stand_for() -> None:
    recorder = started()
    feed(recorder, MIDNIGHT, MIDNIGHT + 40, 1.0)
    feed(recorder, MIDNIGHT + 59, MIDNIGHT + 61, 42.0)  # one second of the minute's last ten
    assert tier(60) == [(MIDNIGHT, 41, 2.0, 1.0, 42.0)]


def test_a_bucket_that_was_left_early_is_made_when_figures_go_on() -> None:
    recorder = started()
    feed(recorder, MIDNIGHT, MIDNIGHT + 25, 1.0)
    feed(recorder, MIDNIGHT + 7_200, MIDNIGHT + 7_211, 1.0)  # the machine slept
    assert tier(60) == [(MIDNIGHT, 25, 1.0, 1.0, 1.0)]
    assert [row[:2] for row in tier(900)] == [(MIDNIGHT, 25)]
    assert [row[:2] for row in tier(3_600)] == [(MIDNIGHT, 25)]


def test_a_start_makes_what_a_crash_left_unmade() -> None:
    samples(range(MIDNIGHT, MIDNIGHT + 7_200, 10))
    started()
    assert [row[:2] for row in tier(60)] == [(MIDNIGHT + 60 * n, 60) for n in range(120)]
    assert [row[:2] for row in tier(900)] == [(MIDNIGHT + 900 * n, 900) for n in range(8)]
    assert [row[:2] for row in tier(3_600)] == [(MIDNIGHT, 3_600), (MIDNIGHT + 3_600, 3_600)]
    assert tier(DAY) == []  # not over


def test_a_bucket_that_was_open_at_the_crash_is_made_later_with_all_of_it() -> None:
    samples(range(MIDNIGHT, MIDNIGHT + 30, 10), avg=3.0)
    feed(started(), MIDNIGHT + 40, MIDNIGHT + 61, 3.0)
    assert tier(60) == [(MIDNIGHT, 50, 3.0, 1.5, 6.0)]


def test_a_fuller_bucket_is_not_replaced_by_what_is_left_of_its_rows() -> None:
    rollups(60, [MIDNIGHT], avg=5.0)
    feed(started(), MIDNIGHT, MIDNIGHT + 61, lambda at: 1.0 if at < MIDNIGHT + 20 else None)
    feed(started(), MIDNIGHT + 120, MIDNIGHT + 131, 1.0)
    assert tier(60)[0] == (MIDNIGHT, 60, 5.0, 2.5, 10.0)


def test_series_do_not_mix() -> None:
    other = series(CPU)
    feed(started(), MIDNIGHT, MIDNIGHT + 61, 1.0)
    assert set(Rollup.objects.values_list("series_id", flat=True)) == {other.pk}
