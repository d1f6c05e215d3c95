"""Figures of attached servers as charts and for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from engine_app.attached.figures import ServerFigures, served
from engine_app.models import AttachedModel, AttachedServer
from metrics_app.core.metric import Metric
from tests.fakes.measured import measured

pytestmark = pytest.mark.django_db
HOSTILE = 'a"b\\c\n<img src=x>'


@pytest.fixture
def server() -> Iterator[AttachedServer]:
    there = AttachedServer.objects.create(
        name="forge", scheme="http", host="10.0.0.7", port=8080, node="here", state="reachable"
    )
    for name, state in (("big", "loaded"), ("small", "loaded"), ("old", "unloaded")):
        AttachedModel.objects.create(server=there, model_id=name, state=state)
    yield there
    served.clear()


def speeds(server: AttachedServer, **values: float) -> dict[Metric, float | None]:
    return {
        Metric(server.source, "tokens_per_second", "per_second", model): value
        for model, value in values.items()
    }


def page(client: Client, address: str, **more: Any) -> str:
    answer = client.get(address, **more)
    assert isinstance(answer, HttpResponse)
    assert answer.status_code == 200
    return answer.content.decode()


def test_its_page_draws_each_model_in_memory(admin_client: Client, server: AttachedServer) -> None:
    assert "<live-chart" not in page(admin_client, server.get_absolute_url())
    with measured(speeds(server, big=50, small=7, old=1), seconds=60):
        html = page(admin_client, server.get_absolute_url())
    assert f'topic="{server.source}" unit="per_second"' in html
    assert f"{server.source}/tokens_per_second/big" in html and "50.0 /s" in html
    assert f"{server.source}/tokens_per_second/old" not in html


def test_its_chart_has_a_table_of_its_own(admin_client: Client, server: AttachedServer) -> None:
    with measured(speeds(server, big=50), seconds=60):
        html = page(admin_client, f"/monitoring/?chart=attached-{server.pk}-tokens&view=table")
    assert "Tokens generated" in html and "forge" in html
    for id in (f"attached-{server.pk}-nonsense", f"attached-{server.pk + 1}-tokens"):
        assert admin_client.get(f"/monitoring/?chart={id}").status_code == 404


def told(server: AttachedServer, model: str) -> ServerFigures:
    figures = served[server.pk] = ServerFigures(server.source)
    figures.follow([model])
    figures._told[model].take({"llamacpp:requests_processing": 2.0})
    return figures


def test_prometheus_gets_ours_and_llama_cpps_under_the_servers_name(
    client: Client, server: AttachedServer
) -> None:
    told(server, HOSTILE)
    with measured(speeds(server, big=50), seconds=2):
        text = page(client, "/metrics")
    found: dict[str, tuple[Any, Any]] = {
        sample.name: (sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "forge" in sample.labels.values()
    }
    assert found["llamadash_attached_reachable"] == ({"server": "forge"}, 1)
    ours = {"server": "forge", "model": "big"}
    assert found["llamadash_attached_tokens_per_second"] == (ours, 50)
    theirs = found["llamacpp:requests_processing"]
    assert theirs[1] == 2 and theirs[0]["model"].startswith('a"b\\c')


def test_a_server_that_was_detached_is_told_of_no_more(
    client: Client, server: AttachedServer
) -> None:
    told(server, "big")
    server.delete()
    assert "llamacpp:requests_processing" not in page(client, "/metrics")
