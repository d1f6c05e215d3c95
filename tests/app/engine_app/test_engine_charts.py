from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.test import Client

from engine_app.figures.answers import Answers, answers
from engine_app.figures.charts import chart_of, charts_of, plots_of
from engine_app.figures.exposition import FRESH_SECONDS, families
from engine_app.models import Engine
from metrics_app.core.metric import Metric, Unit
from metrics_app.hour import hour
from metrics_app.pages.addresses import State
from metrics_app.pages.ranges import relative
from metrics_app.sampled import Sampled
from tests.factories import make_model

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    hour.clear()
    yield
    hour.clear()
    answers.clear()


@pytest.fixture
def engine() -> Engine:
    return Engine.objects.create(llama_model=make_model("Tiny"), node="here", state="ready")


def measure(source: str, **values: float) -> None:
    units: dict[str, Unit] = {"rss_bytes": "bytes", "gpu_memory_bytes": "bytes"}
    hour.add(
        Sampled(
            time.time(),
            1.0,
            {
                Metric(
                    source,
                    name,
                    units.get(name, "per_second"),
                    "nvidia:GPU-1" if name.startswith("gpu_") else "",
                ): value
                for name, value in values.items()
            },
        )
    )


def shown(client: Client, query: str = "") -> str:
    answer = client.get(f"/monitoring/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_where_no_engine_ever_ran_there_are_no_charts_of_them(admin_client: Client) -> None:
    measure("host", load_1=1.0)
    assert "engines-" not in shown(admin_client)


def test_all_engines_together_have_charts(admin_client: Client) -> None:
    measure("engines", tokens_per_second=118.4, prompt_tokens_per_second=20.0, rss_bytes=1 << 30)
    html = shown(admin_client)
    for chart in ("engines-tokens", "engines-memory"):
        assert f'id="chart-{chart}"' in html
    assert "engines-requests" not in html
    assert 'data-series="engines/tokens_per_second"' in html
    assert "118.4 /s" in html


def test_an_engine_has_charts_for_its_own_page(engine: Engine) -> None:
    measure(engine.source, tokens_per_second=40.0, rss_bytes=1 << 30, gpu_memory_bytes=2 << 30)
    tokens, memory = plots_of(engine, State(relative("1h", time.time())), time.time())
    assert [row.key for row in tokens.rows] == [f"{engine.source}/tokens_per_second"]
    assert [row.words for row in memory.rows] == ["RAM", "nvidia:GPU-1"]
    assert tokens.chart.source == engine.source


def test_an_engine_without_figures_has_no_plots(engine: Engine) -> None:
    assert plots_of(engine, State(relative("1h", time.time())), time.time()) == []
    assert [chart.title for chart in charts_of(engine)][:2] == ["Tokens", "Requests"]


def test_the_table_of_an_engines_chart_is_a_page(admin_client: Client, engine: Engine) -> None:
    measure(engine.source, tokens_per_second=40.0)
    (plot,) = plots_of(engine, State(relative("1h", time.time())), time.time())
    answer = admin_client.get(plot.table_url)
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "40.0 /s" in html
    assert engine.alias in html


@pytest.mark.parametrize("number", ["0", "999", "9" * 18, "9" * 30, "x", "-1", "\u0661"])
def test_a_chart_of_no_engine_is_not_there(admin_client: Client, number: str) -> None:
    assert admin_client.get(f"/monitoring/?chart=engine-{number}-tokens").status_code == 404


def test_a_chart_that_engines_do_not_have_is_not_there(engine: Engine) -> None:
    assert chart_of(f"engine-{engine.pk}-nonsense") is None
    assert chart_of(f"engine-{engine.pk}-tokens") is not None


def their_names() -> list[str]:
    return [family.name for family in families() if family.name.startswith("llamacpp:")]


def test_what_an_engine_told_is_repeated_until_it_is_too_old(engine: Engine) -> None:
    kept = answers[engine.pk] = Answers()
    kept.take_metrics({"llamacpp:x_total": 1.0})
    assert their_names() == ["llamacpp:x_total"]
    assert kept.told is not None
    kept.told = type(kept.told)(kept.told.at - FRESH_SECONDS, kept.told.metrics, kept.told.figures)
    assert their_names() == []


def test_what_an_engine_told_that_is_no_more_is_not_repeated(engine: Engine) -> None:
    answers[engine.pk + 1] = Answers()
    answers[engine.pk + 1].take_metrics({"llamacpp:x_total": 1.0})
    assert their_names() == []


def test_two_engines_share_a_family(client: Client, engine: Engine) -> None:
    other = Engine.objects.create(llama_model=make_model("Other"), node="here")
    for each in (engine, other):
        answers[each.pk] = Answers()
        answers[each.pk].take_metrics({"llamacpp:x_total": float(each.pk)})
    text = client.get("/metrics").content.decode()
    assert text.count("# TYPE llamacpp:x_total counter\n") == 1
    assert f'llamacpp:x_total{{engine="{engine.pk}",model="{engine.alias}"}} {engine.pk}\n' in text
    assert f'llamacpp:x_total{{engine="{other.pk}",model="{other.alias}"}} {other.pk}\n' in text
