from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client

from metrics_app.hour import hour
from tests.figures import CPU, MEMORY, MIDNIGHT, sampled, samples, series

pytestmark = pytest.mark.django_db
QUERY = "/api/metrics/query/"


def asked(client: Client, status: int = 200, **parameters: Any) -> dict[str, Any]:
    answer = client.get(QUERY, parameters)
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_a_query_answers_in_columns(admin_client: Client) -> None:
    samples([MIDNIGHT, MIDNIGHT + 20], avg=3.0)
    found = asked(admin_client, series=CPU.key, start=MIDNIGHT, end=MIDNIGHT + 30)
    assert found == {
        "start": MIDNIGHT,
        "step": 10,
        "tier": "10s",
        "series": {
            CPU.key: {"avg": [3.0, None, 3.0], "min": [1.5, None, 1.5], "max": [6.0, None, 6.0]}
        },
        "summary": {CPU.key: {"now": 3.0, "min": 1.5, "avg": 3.0, "max": 6.0, "p95": None}},
    }


def test_times_may_be_iso_8601_and_the_end_is_now(admin_client: Client) -> None:
    samples([MIDNIGHT])
    found = asked(
        admin_client, series=CPU.key, start="2026-09-21T00:00:00Z", end="2026-09-21T02:01:00+02:00"
    )
    assert found["start"] == MIDNIGHT
    assert found["series"][CPU.key]["avg"] == [1.0, None, None, None, None, None]
    late = asked(admin_client, series=CPU.key, start=time.time() - 60)
    assert late["start"] + 60 <= time.time() <= late["start"] + 80


def test_several_series_are_asked_for_at_once(admin_client: Client) -> None:
    samples([MIDNIGHT])
    samples([MIDNIGHT], MEMORY)
    keys = [CPU.key, MEMORY.key]
    found = asked(admin_client, series=keys, start=MIDNIGHT, end=MIDNIGHT + 10, points=5)
    assert list(found["series"]) == keys


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"start": 0, "end": 10}, "at least one"),
        ({"series": "host/cpu_ratio"}, "Unix seconds"),
        ({"series": "host/cpu_ratio", "start": "yesterday"}, "Unix seconds"),
        ({"series": "host/cpu_ratio", "start": "nan"}, "Unix seconds"),
        ({"series": "host/cpu_ratio", "start": "1_795_848_000"}, "Unix seconds"),
        ({"series": "host/cpu_ratio", "start": "9999-12-31T00:00:00Z"}, "later than the start"),
        ({"series": "host/cpu_ratio", "start": "1e400"}, "Unix seconds"),
        ({"series": "host/cpu_ratio", "start": 20, "end": 10}, "later than the start"),
        ({"series": "host/cpu_ratio", "start": 0, "points": "many"}, "whole number"),
        ({"series": "host/cpu_ratio", "start": [1, 2]}, "more than once"),
        ({"series": "host/cpu_ratio", "start": 0, "step": 1}, "is not a field"),
    ],
)
def test_a_wrong_question_is_refused_in_words(
    admin_client: Client, parameters: dict[str, Any], words: str
) -> None:
    series()
    error = asked(admin_client, 422, **parameters)["error"]
    assert error["code"] == "invalid" and words in str(error["detail"])


@pytest.mark.parametrize("edge", ["minimum", "maximum"])
def test_the_documentation_says_how_many_points_are_answered(
    admin_client: Client, edge: str
) -> None:
    samples([MIDNIGHT])
    operation = admin_client.get("/api/openapi.json").json()["paths"][QUERY]["get"]
    (points,) = [each for each in operation["parameters"] if each["name"] == "points"]
    limit = points["schema"][edge]
    beyond = limit + (1 if edge == "maximum" else -1)
    asked(admin_client, series=CPU.key, start=MIDNIGHT, end=MIDNIGHT + 60, points=limit)
    asked(admin_client, 422, series=CPU.key, start=MIDNIGHT, end=MIDNIGHT + 60, points=beyond)


def test_an_unknown_series_is_not_found(admin_client: Client) -> None:
    error = asked(admin_client, 404, series="host/<b>", start=MIDNIGHT)["error"]
    assert error == {"code": "not_found", "message": "There is no series host/<b>.", "detail": None}


def test_the_series_say_what_they_are(admin_client: Client) -> None:
    series()
    (row,) = admin_client.get("/api/metrics/series/", {"source": "host"}).json()["series"]
    assert row == {
        "key": "host/cpu_ratio",
        "source": "host",
        "name": "cpu_ratio",
        "label": "",
        "unit": "ratio",
        "kept": True,
    }
    assert admin_client.get("/api/metrics/series/?source=gpu").json() == {"series": []}
    assert admin_client.get("/api/metrics/series/?colour=1").status_code == 422


def test_the_latest_values_are_told_with_their_time(admin_client: Client) -> None:
    assert admin_client.get("/api/metrics/latest/").json() == {"at": None, "values": {}}
    at = time.time()
    hour.add(sampled(at, {CPU: 0.5, MEMORY: None}))
    newest = admin_client.get("/api/metrics/latest/").json()
    assert newest == {"at": at, "values": {CPU.key: 0.5, MEMORY.key: None}}


def test_what_is_not_finite_is_null(admin_client: Client) -> None:
    hour.add(sampled(time.time(), {CPU: float("inf")}))
    assert admin_client.get("/api/metrics/latest/").json()["values"] == {CPU.key: None}


@pytest.mark.parametrize("path", ["series/", "query/", "latest/"])
def test_a_stranger_is_told_to_log_in(client: Client, path: str) -> None:
    assert client.get(f"/api/metrics/{path}").status_code == 401
