from __future__ import annotations

import re

from django.test import Client

from tests.fakes.measured import HOST, measured


def table_of(client: Client, query: str) -> str:
    with measured(HOST, seconds=300):
        answer = client.get(f"/monitoring/?{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def times(html: str, chart: str) -> list[str]:
    figure = html.split(f'id="chart-{chart}"')[1].split("</figure>")[0]
    return re.findall(r'<time datetime="([^"]+)"', figure)


def test_a_table_has_the_averages_of_each_step_newest_first(admin_client: Client) -> None:
    html = table_of(admin_client, "range=5m&view=table")
    found = times(html, "cpu")
    assert 10 < len(found) <= 31
    assert found == sorted(found, reverse=True)
    assert "averages of 10 s, newest first" in html
    assert '<td class="num">23 %</td>' in html


def test_steps_without_figures_have_no_row(admin_client: Client) -> None:
    html = table_of(admin_client, "range=1h&view=table")  # the last five minutes of it
    assert 1 <= len(times(html, "cpu")) <= 4


def test_one_chart_alone_has_a_finer_table(admin_client: Client) -> None:
    all_charts = times(table_of(admin_client, "range=5m&view=table"), "cpu")
    alone = times(table_of(admin_client, "range=5m&view=table&chart=cpu"), "cpu")
    assert len(all_charts) < len(alone) <= 720


def test_the_way_back_to_the_charts_is_offered(admin_client: Client) -> None:
    html = table_of(admin_client, "range=6h&view=table")
    assert '<a href="?range=6h">View as charts</a>' in html
    assert "uPlot" not in html and "<live-chart" not in html
