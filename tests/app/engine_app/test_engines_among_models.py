"""What the list of models, a model's page and the dashboard say of engines."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from engine_app.models import Engine, EngineRun, Preset
from engine_app.pages import engine_remedies
from metrics_app.core.metric import Metric
from models_app.models import LlamaModel
from tests.factories import GIB, make_model, make_root
from tests.fakes.measured import HOST, measured

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def make_engine(model: LlamaModel, **over: Any) -> Engine:
    return Engine.objects.create(llama_model=model, node=settings.NODE, **over)


def running(model: LlamaModel, **over: Any) -> Engine:
    return make_engine(model, **({"state": "ready", "desired": "running"} | over))


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(User.objects.create_user("vera"))
    return client


def text(client: Client, address: str, **headers: str) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def row_of(html: str, name: str) -> str:
    return next(row for row in html.split("<tr")[1:] if f">{name}</a>" in row).split("</tr>")[0]


# ---------------------------------------------------------------- the list of models
def test_a_row_says_the_state_and_offers_what_can_be_done(admin_client: Client) -> None:
    running(make_model("on"))
    make_engine(make_model("off"))
    make_model("never")
    make_engine(make_model("broken"), state="failed", desired="running")
    make_engine(make_model("coming"), desired="running")
    html = text(admin_client, "/models/")
    words = {
        name: [word for word in ("Load", "Unload", "Cancel") if f">{word}<" in row_of(html, name)]
        for name in ("on", "off", "never", "broken", "coming")
    }
    assert words == {
        "on": ["Unload"],
        "off": ["Load"],
        "never": ["Load"],
        "broken": ["Load"],
        "coming": ["Cancel"],
    }
    assert "running</span>" in row_of(html, "on") and 'class="s' in row_of(html, "on")
    assert "failed</span>" in row_of(html, "broken")
    assert "not loaded" in row_of(html, "never") and "not loaded" in row_of(html, "off")


def test_what_cannot_be_run_has_no_button(admin_client: Client) -> None:
    make_model("projector", kind="projector")
    make_model("half", state="incomplete")
    html = text(admin_client, "/models/")
    assert "engines/start" not in row_of(html, "projector") + row_of(html, "half")


def test_the_list_that_is_kept_never_shows_an_old_state(admin_client: Client) -> None:
    engine = make_engine(make_model("it"))
    assert "not loaded" in row_of(text(admin_client, "/models/"), "it")
    for state, word in (("ready", "running"), ("sleeping", "sleeping"), ("failed", "failed")):
        Engine.objects.filter(pk=engine.pk).update(state=state, desired="running")
        assert f"{word}</span>" in row_of(text(admin_client, "/models/"), "it")
    engine.delete()
    assert "not loaded" in row_of(text(admin_client, "/models/"), "it")


def test_of_several_engines_the_most_useful_one_is_shown(admin_client: Client) -> None:
    model = make_model("it")
    make_engine(model, state="failed", desired="running")
    running(model, preset=Preset.objects.create(name="p"))
    row = row_of(text(admin_client, "/models/"), "it")
    assert "running</span>" in row and "1 of 2 engines" in row


def test_engines_cost_a_list_the_same_questions_whatever_their_number(
    admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    def ask() -> int:
        with django_assert_max_num_queries(40) as asked:
            text(admin_client, "/models/")
        return len(asked)

    running(make_model())
    ask()
    first = ask()
    for _ in range(20):
        running(make_model())
    ask()
    assert ask() == first


def test_a_list_that_asks_itself_anew_makes_no_step_in_the_history(admin_client: Client) -> None:
    make_model()
    headers = {**HTMX, "HX-Source": "section#list"}
    assert "HX-Push-Url" not in admin_client.get("/models/?q=m", headers=headers)
    typed = {**HTMX, "HX-Source": "form#filters"}
    assert admin_client.get("/models/?q=m", headers=typed)["HX-Push-Url"] == "/models/?q=m"


def test_a_viewer_sees_the_state_and_no_button(viewer: Client) -> None:
    running(make_model("on"))
    html = text(viewer, "/models/")
    assert "running</span>" in row_of(html, "on")
    assert "data-engine-act" not in html and 'id="do"' not in html


# ---------------------------------------------------------------- a model's page
def test_every_tab_of_a_model_has_its_state_and_a_button(admin_client: Client) -> None:
    model = make_model("it")
    engine = running(model)
    for tab in ("", "overview/", "files/"):
        html = text(admin_client, f"/models/{model.pk}/{tab}")
        assert f'href="/engines/{engine.pk}/"' in html and ">Unload<" in html
    assert f'href="/engines/start/?model={model.pk}"' in text(
        admin_client, f"/models/{model.pk}/overview/"
    )


def test_the_mark_comes_alone_for_a_page_that_stays(admin_client: Client, viewer: Client) -> None:
    model = make_model("it")
    assert ">Load<" in text(admin_client, f"/models/{model.pk}/mark/")
    running(model)
    html = text(viewer, f"/models/{model.pk}/mark/")
    assert "running" in html and "button" not in html
    assert admin_client.get("/models/99999/mark/").status_code == 404


# ---------------------------------------------------------------- the dashboard
@pytest.fixture
def _a_folder() -> None:
    make_root()


@pytest.mark.usefixtures("_a_folder")
def test_without_a_running_engine_the_dashboard_offers_a_start(
    admin_client: Client, viewer: Client
) -> None:
    make_model()
    html = text(admin_client, "/")
    assert "No engine is running" in html and 'href="/engines/start/"' in html
    assert 'href="/engines/start/"' not in text(viewer, "/")


@pytest.mark.usefixtures("_a_folder")
def test_the_dashboard_lists_what_runs_with_its_figures(admin_client: Client) -> None:
    model = make_model("Qwen")
    engine = running(model, pid=1, port=18_100)
    memory = {"rss_bytes": 5 * GIB, "file_bytes": 3 * GIB}
    EngineRun.objects.create(engine=engine, generation=1, memory=memory)
    make_engine(make_model("at rest"))
    figures = {
        **HOST,
        Metric(engine.source, "tokens_per_second", "per_second"): 42.0,
        Metric("engines", "tokens_per_second", "per_second"): 42.0,
    }
    with measured(figures):
        html = text(admin_client, "/")
    section = html.split('id="engines"')[1].split("</section>")[0]
    assert ">42.0</live-value>" in section and "at rest" not in section
    assert "Tokens generated" in html
    legend = html.split('id="memory"')[1].split("</section>")[0]
    assert "<b>Qwen</b> 2.0 GiB" in legend and "other in use" in legend
    assert re.search(r'<rect class="solid s\d" x="0%" y="4"', legend)


@pytest.mark.usefixtures("_a_folder")
def test_a_failed_engine_is_an_alert_with_what_to_do(admin_client: Client, viewer: Client) -> None:
    facts = {"state": "failed", "desired": "running", "reason": "ran out of memory"}
    engine = make_engine(make_model("Qwen"), **facts, advice="Give it less context.")
    html = text(admin_client, "/")
    assert "Qwen ran out of memory. Give it less context." in html
    assert f'<a class="btn" href="/engines/{engine.pk}/">See why</a>' in html
    assert "Qwen ran out of memory" in text(viewer, "/")
    for number in range(5):
        make_engine(make_model(f"other {number}"), **facts)
    assert "3 more engines have failed." in text(admin_client, "/")


@pytest.mark.usefixtures("_a_folder")
def test_without_a_program_the_alert_holds_the_remedies(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_remedies, "candidates", list)
    html = text(admin_client, "/")
    assert "no engine program" in html and "LLAMA_SERVER_BIN" in html
    assert 'href="/engines/programs/">See the programs</a>' in html


@pytest.mark.usefixtures("_a_folder")
def test_what_is_different_comes_alone(admin_client: Client) -> None:
    running(make_model("Qwen"))
    html = text(admin_client, "/dashboard/engines/", **HTMX)
    assert html.startswith('<section class="sec" id="engines"') and "<html" not in html
    parts = re.findall(r'<\w+[^>]* id="([\w-]+)"[^>]* hx-swap-oob="true"', html)
    assert parts == ["alerts", "memory", "at-hand", "note-e"]
    assert admin_client.post("/dashboard/engines/").status_code == 405
