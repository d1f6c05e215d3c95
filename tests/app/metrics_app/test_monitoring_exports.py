from __future__ import annotations

import csv
import io
import itertools
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from llamadash.csv_cells import csv_cell
from metrics_app.core.metric import Metric
from tests.fakes.measured import HOST, measured


def export(client: Client, form: str, query: str, status: int = 200) -> Any:
    with measured(HOST, seconds=320):
        answer = client.get(f"/monitoring/export/{form}/?{query}")
    assert answer.status_code == status
    return answer


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_a_line_for_each_step_and_three_columns_for_each_series(
    admin_client: Client,
) -> None:
    answer = export(admin_client, "csv", "range=5m&chart=cpu")
    found = rows(answer.content.decode())
    assert list(found[0]) == [
        "time",
        *(f"host/cpu_ratio {column}" for column in ("avg", "min", "max")),
        *(f"host/cpu_system_ratio {column}" for column in ("avg", "min", "max")),
    ]
    assert 300 <= len(found) <= 302
    known = [row for row in found if row["host/cpu_ratio avg"]]
    assert {row["host/cpu_ratio max"][:4] for row in known} == {"0.23"}


def test_times_in_csv_are_utc_and_a_step_apart(admin_client: Client) -> None:
    found = rows(export(admin_client, "csv", "range=1h&chart=cpu").content.decode())
    times = [datetime.fromisoformat(row["time"]) for row in found]
    steps = {(b - a).total_seconds() for a, b in itertools.pairwise(times)}
    assert len(steps) == 1 and all(str(each.tzinfo) == "UTC" for each in times)


def test_a_gap_is_an_empty_cell(admin_client: Client) -> None:
    found = rows(export(admin_client, "csv", "range=1h&chart=cpu").content.decode())
    assert found[0]["host/cpu_ratio avg"] == ""


def test_json_has_every_chart_of_the_page(admin_client: Client) -> None:
    body = export(admin_client, "json", "range=5m").json()
    assert {"host/cpu_ratio", "self/rss_bytes"} <= set(body["series"])
    assert body["step"] >= 1 and len(body["series"]["host/cpu_ratio"]["avg"]) <= 1501


def test_the_file_is_named_after_its_chart_and_time(admin_client: Client) -> None:
    header = export(admin_client, "csv", "start=2026-01-01T10:00&end=2026-01-01T12:00&chart=cpu")
    name = header["Content-Disposition"]
    assert name.startswith('attachment; filename="cpu-2026-01-01T1000-')


def test_a_name_in_a_file_is_no_formula(admin_client: Client) -> None:
    label = '=HYPERLINK("http://x")\n'
    evil = Metric("host", "temperature_celsius", "celsius", label)
    with measured({evil: 40.0}, seconds=20):
        text = admin_client.get("/monitoring/export/csv/?range=5m").content.decode()
    heads = next(csv.reader(io.StringIO(text)))
    assert heads[1] == f"host/temperature_celsius/{label} avg"
    assert csv_cell("=1+1") == "'=1+1"


@pytest.mark.parametrize("query", ["range=never", "start=x", "start=2026-02-02&end=2026-02-01"])
def test_a_wrong_range_is_refused(admin_client: Client, query: str) -> None:
    export(admin_client, "csv", query, status=400)


def test_an_unknown_form_and_an_unknown_chart_are_not_there(admin_client: Client) -> None:
    export(admin_client, "xlsx", "", status=404)
    export(admin_client, "csv", "chart=nonsense", status=404)


def test_with_no_figures_at_all_there_is_no_file(admin_client: Client) -> None:
    assert admin_client.get("/monitoring/export/csv/").status_code == 404
