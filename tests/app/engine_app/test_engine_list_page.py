"""The list of engines, and what its buttons do."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from engine_app.models import BinaryKind, Engine, EngineBinary, EngineRun, Preset
from engine_app.pages import engine_remedies
from metrics_app.core.metric import Metric
from tests.factories import make_model
from tests.fakes.measured import measured

pytestmark = pytest.mark.django_db
HOSTILE = "<img src=x onerror=alert(1)>"
HTMX = {"HX-Request": "true"}


def make_engine(name: str = "Qwen", **over: Any) -> Engine:
    model = over.pop("llama_model", None) or make_model(name)
    return Engine.objects.create(llama_model=model, node=settings.NODE, **over)


def running(name: str = "Qwen", **over: Any) -> Engine:
    facts = {"state": "ready", "desired": "running", "pid": 4711, "port": 18_100} | over
    return make_engine(name, **facts)


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(User.objects.create_user("vera"))
    return client


def text(client: Client, address: str = "/engines/", **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def row_of(html: str, engine: Engine) -> str:
    return html.split(f'id="engine-{engine.pk}"')[1].split("</tr>")[0]


# ---------------------------------------------------------------- what is shown
def test_without_engines_the_page_leads_to_the_first_start(admin_client: Client) -> None:
    make_model()
    html = text(admin_client)
    assert "No engine yet" in html
    assert '<a class="btn pri" href="/engines/start/">Start a model</a>' in html


def test_without_models_the_page_leads_to_the_folders(admin_client: Client) -> None:
    html = text(admin_client)
    assert 'href="/models/folders/">Add a folder of models</a>' in html
    assert "/engines/start/" not in html


def test_a_row_says_state_process_and_figures(admin_client: Client) -> None:
    engine = running()
    key = f"engine.{engine.pk}"
    figures = {
        Metric(key, "tokens_per_second", "per_second"): 118.42,
        Metric(key, "rss_bytes", "bytes"): 3 << 30,
    }
    with measured(figures):
        row = row_of(text(admin_client), engine)
    assert 'data-state="ready"' in row and "running" in row
    assert '<span class="mono">4711</span> <span class="sub">port 18100</span>' in row
    assert re.search(rf'<live-value topic="{key}" key="{key}/tokens_per_second"[^>]*>118.4<', row)
    assert ">3.0 GiB</live-value>" in row


def test_without_a_live_figure_the_memory_is_what_was_measured_at_its_start(
    admin_client: Client,
) -> None:
    engine = running()
    EngineRun.objects.create(engine=engine, generation=1, memory={"rss_bytes": 5 << 20})
    assert ">5.0 MiB</live-value>" in row_of(text(admin_client), engine)


def test_what_is_not_known_is_a_dash_with_its_reason(admin_client: Client) -> None:
    engine = make_engine()
    row = row_of(text(admin_client), engine)
    assert row.count('title="it has no process">-</span>') == 3
    assert 'title="not started yet">-</span>' in row


def test_an_embedding_model_has_no_speed_of_generation(admin_client: Client) -> None:
    engine = running(llama_model=make_model(kind="embedding"))
    assert "embedding models generate no tokens" in row_of(text(admin_client), engine)


def test_two_models_in_memory_have_two_hues_and_one_at_rest_has_none(
    admin_client: Client,
) -> None:
    first, second, rest = running("a"), running("b"), make_engine("c")
    html = text(admin_client)
    hues = [re.search(r'^ class="(s\d)"', row_of(html, each)) for each in (first, second)]
    assert all(hues) and len({each[1] for each in hues if each}) == 2
    assert '<i class="sw off"></i>' in row_of(html, rest)


def test_a_failed_one_says_why(admin_client: Client) -> None:
    engine = make_engine(state="failed", desired="running", reason="ran out of memory")
    row = row_of(text(admin_client), engine)
    assert "failed" in row and "ran out of memory" in row


def test_those_at_work_come_first(admin_client: Client) -> None:
    make_engine("a")
    make_engine("b", state="failed")
    running("z")
    html = text(admin_client)
    assert html.index(">z</a>") < html.index(">b</a>") < html.index(">a</a>")
    assert "1 of 3 running, 1 failed" in html


def test_many_engines_are_searched_and_turned_by_page(admin_client: Client) -> None:
    for number in range(60):
        make_engine(f"model {number:02}")
    preset = Preset.objects.create(name="nightly")
    make_engine("with preset", preset=preset)
    first = text(admin_client)
    assert "model 49" in first and "model 55" not in first
    assert "model 55" in text(admin_client, page="2")
    found = text(admin_client, q="night")
    assert "with preset" in found and "model 01" not in found
    assert "No engine matches" in text(admin_client, q="zzz\0")


def test_names_from_anywhere_are_text(admin_client: Client) -> None:
    model = make_model(HOSTILE)
    preset = Preset.objects.create(name=HOSTILE)
    engine = make_engine(
        llama_model=model, preset=preset, state="failed", reason=HOSTILE, advice=HOSTILE
    )
    EngineRun.objects.create(
        engine=engine,
        generation=1,
        pid=1,
        argv=["llama-server", HOSTILE],
        reason=HOSTILE,
        reason_code="crashed",
        ended_at=engine.created_at,
        last_lines=[HOSTILE],
    )
    pages = ("/engines/", f"/engines/{engine.pk}/", "/engines/start/", "/", "/models/")
    for address in (*pages, f"/engines/{engine.pk}/delete/", f"/models/{model.pk}/overview/"):
        assert "<img" not in text(admin_client, address), address


def test_the_partial_brings_the_counts_along(admin_client: Client) -> None:
    running()
    html = admin_client.get("/engines/", headers=HTMX).content.decode()
    assert html.startswith('<section id="list"')
    assert 'id="note-e" hx-swap-oob="true">1 of 1<' in html
    assert "<html" not in html


# ---------------------------------------------------------------- buttons
def test_start_and_stop_say_what_is_wanted(admin_client: Client) -> None:
    engine = make_engine()
    answer = admin_client.post(f"/engines/{engine.pk}/start/", {"next": "/engines/?q=x"})
    assert answer["Location"] == "/engines/?q=x"
    engine.refresh_from_db()
    assert (engine.desired, engine.state, engine.generation) == ("running", "stopped", 1)
    assert "start wanted" in row_of(text(admin_client), engine)
    admin_client.post(f"/engines/{engine.pk}/stop/")
    engine.refresh_from_db()
    assert (engine.desired, engine.generation) == ("stopped", 2)


def test_restart_wants_another_process(admin_client: Client) -> None:
    engine = running()
    answer = admin_client.post(f"/engines/{engine.pk}/restart/")
    assert answer["Location"] == f"/engines/{engine.pk}/"
    engine.refresh_from_db()
    assert (engine.desired, engine.generation) == ("running", 1)


def test_a_button_of_a_page_that_stays_gets_messages_and_news(admin_client: Client) -> None:
    engine = make_engine()
    answer = admin_client.post(f"/engines/{engine.pk}/start/", headers=HTMX)
    assert answer.status_code == 200
    assert "engine-changed" in answer["HX-Trigger"]
    assert 'id="toasts"' in answer.content.decode() and "<html" not in answer.content.decode()


def test_what_cannot_be_started_says_why(admin_client: Client) -> None:
    engine = make_engine(enabled=False)
    answer = admin_client.post(f"/engines/{engine.pk}/start/", headers=HTMX)
    assert answer.status_code == 409
    assert "switched off: enable it first" in answer.content.decode()
    page = admin_client.post(f"/engines/{engine.pk}/restart/", follow=True)
    assert "switched off: enable it first" in page.content.decode()
    engine.refresh_from_db()
    assert engine.desired == "stopped"


@pytest.mark.parametrize("verb", ["start", "stop", "restart", "change", "delete"])
def test_only_a_post_of_staff_changes_anything(
    admin_client: Client, viewer: Client, verb: str
) -> None:
    engine = running()
    address = f"/engines/{engine.pk}/{verb}/"
    assert viewer.post(address).status_code == 403
    if verb != "delete":  # whose page asks first
        assert admin_client.get(address).status_code == 405
    else:
        assert admin_client.get(address).status_code == 200
    engine.refresh_from_db()
    assert (engine.desired, engine.generation, engine.enabled) == ("running", 0, True)


def test_a_form_of_another_site_is_refused(admin_user: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    engine = running()
    for address in (f"/engines/{engine.pk}/stop/", "/engines/unload/", "/engines/start/"):
        assert strict.post(address, {"model": engine.llama_model_id}).status_code == 403
    engine.refresh_from_db()
    assert engine.desired == "running"


def test_no_engine_of_this_number_is_a_404(admin_client: Client) -> None:
    assert admin_client.get("/engines/99999/").status_code == 404
    assert admin_client.post("/engines/99999/start/").status_code == 404
    assert admin_client.get(f"/engines/{'9' * 30}/").status_code == 404


def test_a_viewer_sees_states_and_no_buttons(viewer: Client) -> None:
    engine = running()
    html = text(viewer)
    assert "running" in row_of(html, engine)
    assert 'class="btn q"' not in row_of(html, engine) and "Start a model" not in html
    detail = text(viewer, f"/engines/{engine.pk}/")
    assert "data-engine-act" not in detail and "Save</button>" not in detail
    assert "/delete/" not in detail


# ---------------------------------------------------------------- no program
def test_where_nothing_can_run_a_model_the_remedies_are_shown(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_remedies, "candidates", list)
    html = text(admin_client)
    assert "no engine program" in html and "pip install" in html and "LLAMA_SERVER_BIN" in html


def test_a_program_that_does_not_work_is_named(admin_client: Client) -> None:
    problem = "It does not say what version of llama-server it is."
    EngineBinary.objects.create(
        key="a", program=["/bin/true"], kind=BinaryKind.CONFIGURED, problem=problem
    )
    EngineBinary.objects.create(key="b", program=["/x"], kind=BinaryKind.PATH)
    html = text(admin_client)
    assert f"LLAMA_SERVER_BIN: {problem}" in html


def test_a_program_that_works_is_no_news(admin_client: Client) -> None:
    EngineBinary.objects.create(key="a", program=["/bin/a"], kind=BinaryKind.PATH, problem="no")
    EngineBinary.objects.create(key="b", program=["/bin/b"], kind=BinaryKind.EMBEDDED)
    assert "no engine program" not in text(admin_client)
