from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from metrics_app.core.exposition import render
from proxy_app.exposition import families
from proxy_app.figures import Counted, figures
from proxy_app.figures_source import LAST_MINUTE, RUNNING, WAITING
from tests.factories import make_model, make_root
from tests.fakes.measured import HOST, measured

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def counted() -> Iterator[None]:
    before, figures.counted = figures.counted, {}
    yield
    figures.counted = before


def lines() -> list[str]:
    return render(families()).decode().splitlines()


def test_requests_are_told_by_dialect_model_and_class() -> None:
    model = make_model("Tiny", path="/srv/models/tiny-00001-of-00002.gguf")
    figures.counted = {
        ("openai", model.pk, 2): Counted(requests=3, generated_tokens=54, seconds=6.0),
        ("openai", None, 4): Counted(requests=2),
        ("anthropic", model.pk + 1, 0): Counted(requests=1),
    }
    found = lines()
    name = "llamadash_gateway_requests_total"
    assert f'{name}{{dialect="openai",model="tiny",status="2xx"}} 3' in found
    assert f'{name}{{dialect="openai",model="",status="4xx"}} 2' in found
    assert f'{name}{{dialect="anthropic",model="gone",status="none"}} 1' in found
    tokens = 'llamadash_gateway_generated_tokens_total{dialect="openai",model="tiny"} 54'
    assert tokens in found


def test_times_are_a_histogram_whose_buckets_add_up() -> None:
    model = make_model("Tiny", path="/srv/models/tiny.gguf")
    quick, slow = Counted(requests=1, seconds=0.07), Counted(requests=1, seconds=500.0)
    quick.by_seconds[1] = slow.by_seconds[-1] = 1
    figures.counted = {("openai", model.pk, 2): quick, ("openai", model.pk, 5): slow}
    found = lines()
    name, labels = "llamadash_gateway_request_seconds", 'dialect="openai"'
    assert f'{name}_bucket{{{labels},le="0.05",model="tiny"}} 0' in found
    assert f'{name}_bucket{{{labels},le="0.1",model="tiny"}} 1' in found
    assert f'{name}_bucket{{{labels},le="120",model="tiny"}} 1' in found
    assert f'{name}_bucket{{{labels},le="+Inf",model="tiny"}} 2' in found
    assert f'{name}_count{{{labels},model="tiny"}} 2' in found


def test_the_dashboard_has_a_tile_once_something_was_asked(admin_client: Client) -> None:
    make_root()
    with measured(HOST):
        assert "Requests running" not in admin_client.get("/").content.decode()
    with measured({**HOST, RUNNING: 3, WAITING: 1, LAST_MINUTE: 42}):
        html = admin_client.get("/").content.decode()
    tile = html.split("Requests running</a>")[1].split("</div>")[0]
    assert ">3</live-value>" in tile
    assert ">1</live-value> waiting" in tile
    assert ">42</live-value> in the last minute" in tile


def test_monitoring_has_a_section_for_it(admin_client: Client) -> None:
    with measured({**HOST, RUNNING: 3, WAITING: 1}):
        html = admin_client.get("/monitoring/?range=5m").content.decode()
    assert 'id="chart-gateway-load"' in html
    assert 'id="chart-gateway-tokens"' not in html
