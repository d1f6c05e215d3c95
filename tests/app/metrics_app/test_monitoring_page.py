from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from llamadash import perf
from metrics_app.core.metric import Metric
from metrics_app.devices import Device
from metrics_app.pages import monitoring
from tests.fakes.measured import GIB, HOST, gpu, measured

PAGE = "/monitoring/"


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"{PAGE}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def figures_of(html: str, key: str) -> dict[str, str]:
    """The row of a series below its chart."""
    row = html.split(f'data-series="{key}"')[1].split("</tr>")[0]
    return dict(re.findall(r'data-part="(\w+)"[^>]*>([^<]*)<', row))


def charts(html: str) -> list[str]:
    return re.findall(r'<figure class="plot" id="chart-([\w-]+)"', html)


def test_the_first_paint_carries_real_figures(admin_client: Client) -> None:
    with measured(HOST):
        html = page(admin_client, "?range=5m")
    figures = figures_of(html, "host/cpu_ratio")
    assert figures == {"now": "23 %", "min": "23 %", "avg": "23 %", "max": "23 %", "p95": "23 %"}
    assert figures_of(html, "host/memory_used_bytes")["max"] == "15.1 GiB"


def test_only_charts_with_series_are_shown(admin_client: Client) -> None:
    with measured(HOST):
        html = page(admin_client)
    assert charts(html) == ["cpu", "load", "memory", "network", "disk-space", "own-memory"]
    assert 'href="#gpu"' not in html and 'href="#self"' in html


def test_a_p95_that_nobody_can_know_says_so(admin_client: Client) -> None:
    with measured(HOST):  # five minutes of it are in memory
        html = page(admin_client, "?range=24h")
    assert figures_of(html, "host/cpu_ratio")["p95"] == "-"
    assert 'title="known only where the figures of each second are kept"' in html


def test_the_browser_reads_the_same_series_and_range(admin_client: Client) -> None:
    with measured(HOST):
        html = page(admin_client)
    src = re.search(r'<live-chart src="([^"]+)" topic="host" unit="ratio" max="1" follow>', html)
    assert src is not None
    with measured(HOST):
        answer: Any = admin_client.get(src[1].replace("&amp;", "&")).json()
    assert set(answer["series"]) == {"host/cpu_ratio", "host/cpu_system_ratio"}


def test_cores_are_in_their_order(admin_client: Client) -> None:
    with measured(HOST):
        html = page(admin_client)
    assert re.findall(r'key="(host/core_ratio/\d+)" of="1"', html) == [
        "host/core_ratio/0",
        "host/core_ratio/9",
        "host/core_ratio/10",
    ]


def test_cores_as_they_are_now_are_not_shown_with_the_past(admin_client: Client) -> None:
    with measured(HOST):
        assert "host/core_ratio" not in page(admin_client, "?start=2026-01-01&end=2026-01-02")


def test_gpus_have_the_names_of_all_pages(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = [Device(key, "gpu", key, 24 * GIB, None, None) for key in ("b", "a")]
    monkeypatch.setattr(monitoring, "read_devices", lambda: devices)
    with measured({**HOST, **gpu("a"), **gpu("b")}):
        html = page(admin_client, "?chart=gpu-busy")
    assert charts(html) == ["gpu-busy"]
    names = re.findall(r'data-series="gpu/busy_ratio/(\w)".*?</i>([^<]+)</button>', html)
    assert names == [("b", "GPU 0"), ("a", "GPU 1")]


def test_a_hostile_label_is_text(admin_client: Client) -> None:
    evil = Metric("host", "temperature_celsius", "celsius", '"><script>alert(1)</script>')
    with measured({evil: 40.0}):
        html = page(admin_client)
    assert "<script>alert" not in html and "&lt;script&gt;alert(1)" in html


def test_a_range_without_figures_says_so(admin_client: Client) -> None:
    with measured(HOST):
        html = page(admin_client, "?start=2026-01-01&end=2026-01-02")
    assert "No figures in this range." in html
    assert figures_of(html, "host/cpu_ratio")["max"] == "-"


def test_before_anything_was_measured_there_is_one_thing_to_do(admin_client: Client) -> None:
    html = page(admin_client)
    assert "Nothing was measured yet" in html and html.count("btn pri") == 1


def test_all_charts_are_one_question(admin_client: Client) -> None:
    with measured({**HOST, **gpu("a")}):
        page(admin_client)
    counts = {each.name: each.count for each in perf.monitor.summaries()}
    assert counts["metrics.query"] == 1


def test_more_series_than_one_question_may_name_are_all_shown(admin_client: Client) -> None:
    sensors = {
        Metric("host", "temperature_celsius", "celsius", f"sensor {n}"): 40.0 for n in range(70)
    }
    with measured(sensors, seconds=20):
        html = page(admin_client, "?range=5m")
    assert html.count('data-series="host/temperature_celsius/') == 70


def test_a_page_has_one_h1_and_its_headings_follow_it(admin_client: Client) -> None:
    with measured(HOST):
        html = page(admin_client)
    assert html.count("<h1") == 1
    assert html.index("<h1") < html.index('<h2 id="h-cpu"')
