from __future__ import annotations

import pytest
from django.db import connection

from proxy_app import request_retention
from proxy_app.models import RequestCapture, RequestRecord
from proxy_app.request_retention import RequestRetention, excess_requests, prune_requests
from settings_app.models import RetentionPolicy
from settings_app.retention import Limit, limit_of, policies
from tests.requests_made import NOW, make_request

pytestmark = pytest.mark.django_db
HOUR = 3_600
now = NOW.timestamp()


def hourly(n: int) -> None:
    for hours_ago in reversed(range(n)):
        make_request(60 * hours_ago + 30, error=str(hours_ago))


@pytest.mark.parametrize(
    ("limit", "left"),
    [
        (Limit(), 20),
        (Limit(max_age_seconds=5 * HOUR), 5),
        (Limit(max_rows=7), 7),
        (Limit(5 * HOUR, 7), 5),
        (Limit(7 * HOUR, 5), 5),
        (Limit(max_rows=0), 0),
        (Limit(10**9, 100), 20),
    ],
)
def test_the_oldest_go_by_age_and_number(limit: Limit, left: int) -> None:
    hourly(20)
    assert excess_requests(limit, now) == 20 - left
    assert sum(prune_requests(limit, now)) == 20 - left
    kept = RequestRecord.objects.order_by("id").values_list("error", flat=True)
    assert list(kept) == [str(n) for n in reversed(range(left))]


def test_one_that_was_written_late_goes_by_when_it_began() -> None:
    make_request(5)
    make_request(300)  # it ran for hours: the newest id, the oldest time
    assert sum(prune_requests(Limit(HOUR), now)) == 1
    assert RequestRecord.objects.get().started_at > NOW.replace(hour=11)


def test_rows_go_in_small_commits_and_captures_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_retention, "BATCH_ROWS", 8)
    hourly(20)
    RequestCapture.objects.create(request=RequestRecord.objects.earliest("id"), asked="hi")
    assert list(prune_requests(Limit(max_rows=0), now)) == [8, 8, 4]
    assert RequestCapture.objects.count() == 0


def test_an_empty_table_has_nothing_to_prune() -> None:
    assert list(prune_requests(Limit(1, 1), now)) == []
    assert RequestRetention().held().n_rows == 0


def test_the_policy_is_there_after_the_migrations() -> None:
    assert RetentionPolicy.objects.filter(key="requests.records").exists()
    [found] = [limit_of(policy) for policy, kind in policies() if kind.key == "requests.records"]
    assert found == Limit(30 * 86_400, 1_000_000)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="plans are the database's own")
def test_what_is_too_old_is_found_by_its_index() -> None:
    old = request_retention._begun_before(now).order_by("started_at").values_list("id")[:200]
    assert "request_started (started_at<?)" in old.explain()
