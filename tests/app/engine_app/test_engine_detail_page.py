"""The page of one engine: start, end, command, runs, keeping, deleting."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings, settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from engine_app.core.slots import Slot
from engine_app.figures import answers as figures
from engine_app.figures.answers import Answers
from engine_app.models import Engine, EngineRun
from engine_app.running import key_files
from metrics_app.core.metric import Metric
from tests.factories import make_model
from tests.fakes.measured import measured
from tests.logs import llama, pumped

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def make_engine(**over: Any) -> Engine:
    model = over.pop("llama_model", None) or make_model("Qwen")
    return Engine.objects.create(llama_model=model, node=settings.NODE, **over)


def make_run(engine: Engine, **over: Any) -> EngineRun:
    facts = {"generation": 1, "pid": 4711, "port": 18_100, "argv": ["llama-server"], "build": "b1"}
    return EngineRun.objects.create(engine=engine, **(facts | over))


def text(client: Client, engine: Engine, headers: Any = None, **query: Any) -> str:
    answer = client.get(f"/engines/{engine.pk}/", query, headers=headers or {})
    assert answer.status_code == 200
    return answer.content.decode()


def test_one_that_never_ran_says_so(admin_client: Client) -> None:
    html = text(admin_client, make_engine())
    assert "It was not started yet." in html and "It has not run yet." in html
    assert "stopped" in html and "Nothing was written yet." in html


def test_the_phases_of_the_last_start_are_drawn_to_scale(admin_client: Client) -> None:
    engine = make_engine(state="ready", desired="running")
    begin = timezone.now()
    make_run(
        engine,
        started_at=begin,
        answered_at=begin + timedelta(milliseconds=300),
        ready_at=begin + timedelta(milliseconds=1200),
    )
    html = text(admin_client, engine)
    assert "Last start, 1.20 s" in html
    assert "It was ready after 1.20 s: spawn 300 ms, load and warm-up 900 ms." in html
    assert 'x="25%" width="75%"' in html


def test_a_start_that_is_under_way_claims_no_phase(admin_client: Client) -> None:
    engine = make_engine(state="starting", desired="running")
    make_run(engine)
    assert "Last start" not in text(admin_client, engine)


def test_the_command_is_shown_as_it_was_started(admin_client: Client) -> None:
    engine = make_engine(state="ready", desired="running")
    argv = ["/opt/llama-server", "--ctx-size", "4096", "--api-key", "do-not-show"]
    make_run(engine, argv=argv)
    html = text(admin_client, engine)
    assert "<i>--ctx-size</i> 4096" in html
    assert 'data-copy="/opt/llama-server --ctx-size 4096' in html
    assert "do-not-show" not in html


def test_a_crash_says_how_why_and_with_which_last_words(admin_client: Client) -> None:
    engine = make_engine(
        state="failed", desired="running", reason="ran out of memory", reason_code="out_of_memory"
    )
    lines = [f"line {number}" for number in range(50)] + ["\x1b[31mred\x1b[0m " + "x" * 2000]
    make_run(
        engine,
        ended_at=timezone.now(),
        exit_code=1,
        reason_code="out_of_memory",
        reason="ran out of memory",
        advice="Give it less context.",
        last_lines=lines,
    )
    html = text(admin_client, engine)
    assert "It ran out of memory" in html and "exit code 1" in html
    assert "Give it less context." in html
    assert "line 49" in html and "Its last 51 lines" in html
    report = html.split('data-copy="')[-1]
    assert "build: b1" in html and "\x1b" not in html and "x" * 501 not in report


def test_a_signal_is_named(admin_client: Client) -> None:
    engine = make_engine(state="failed", desired="running")
    make_run(engine, ended_at=timezone.now(), signal=11, reason_code="crashed", reason="crashed")
    assert "SIGSEGV" in text(admin_client, engine)


@pytest.mark.parametrize("code", ["stopped", "restarting", "idle", "exit", "evicted"])
def test_an_end_that_somebody_wanted_is_no_crash(admin_client: Client, code: str) -> None:
    engine = make_engine()
    make_run(engine, ended_at=timezone.now(), reason_code=code, reason="was stopped", exit_code=0)
    html = text(admin_client, engine)
    assert "h-crash" not in html and "was stopped" in html


def test_slots_are_drawn_as_they_were_told_last(admin_client: Client) -> None:
    engine = make_engine(state="ready", desired="running")
    told = Answers()
    busy = Slot(0, "generating", 1000, 500, 400, 300, 100, task=1, tokens_per_second=57.2)
    told.slots = (time.monotonic(), [busy, Slot(1, "idle", 1000, 250), Slot(2, "idle", 1000, None)])
    figures.answers[engine.pk] = told
    try:
        html = text(admin_client, engine)
    finally:
        del figures.answers[engine.pk]
    assert 'data-part="cached" width="30%"' in html
    assert 'data-part="prompt" x="30%" width="10%"' in html
    assert 'data-part="decoded" x="40%" width="10%"' in html
    assert "57.2 tok/s" in html and "idle, context kept" in html and "empty" in html


def test_charts_come_with_the_first_figures(admin_client: Client) -> None:
    engine = make_engine(state="ready", desired="running")
    assert "<live-chart" not in text(admin_client, engine)
    with measured({Metric(engine.source, "tokens_per_second", "per_second"): 50.0}, seconds=60):
        assert f'topic="{engine.source}" unit="per_second"' in text(admin_client, engine)


def test_the_end_of_the_log_stands_on_the_page(
    admin_client: Client, tmp_path: Path, settings: LazySettings
) -> None:
    settings.DATA_DIR = tmp_path
    engine = make_engine()
    pumped(engine.source, llama("hello <b>there</b>"))
    html = text(admin_client, engine)
    assert "hello &lt;b&gt;there&lt;/b&gt;" in html
    assert f'href="/logs/?source={engine.source}' in html


def test_the_part_that_changes_comes_alone(admin_client: Client) -> None:
    engine = make_engine(state="ready", desired="running")
    make_run(engine)
    html = text(admin_client, engine, HTMX, part="now")
    assert "<html" not in html and '<div id="now"' in html
    parts = re.findall(r'<\w+[^>]* id="([\w-]+)"[^>]* hx-swap-oob="true"', html)
    changing = ["acts", "process", "last-start", "command", "environment"]
    assert parts == [*changing, "deletion", "note-e"]


def test_past_runs_are_turned_by_page(admin_client: Client) -> None:
    engine = make_engine()
    now = timezone.now()
    runs = [
        make_run(engine, build=f"build-{number:02}", ended_at=now, reason_code="stopped")
        for number in range(45)
    ]
    first = text(admin_client, engine)
    assert "build-44" in first and "build-25" in first and "build-24" not in first
    assert f'href="?before={runs[25].pk}#h-r"' in first
    second = text(admin_client, engine, before=runs[25].pk)
    assert "build-24" in second and "build-25" not in second
    assert "No older ones" in text(admin_client, engine, before=runs[0].pk)
    assert "build-44" in text(admin_client, engine, before="x" * 30)
    part = text(admin_client, engine, HTMX, part="runs")
    assert part.startswith('<section class="sec" id="runs"')


def test_how_long_it_stays_is_saved(admin_client: Client) -> None:
    engine = make_engine()
    data = {"enabled": "on", "pinned": "on", "idle_ttl_seconds": "1,800"}
    answer = admin_client.post(f"/engines/{engine.pk}/change/", data)
    assert answer["Location"] == f"/engines/{engine.pk}/"
    engine.refresh_from_db()
    assert (engine.enabled, engine.pinned, engine.preload) == (True, True, False)
    assert engine.idle_ttl_seconds == 1800
    admin_client.post(f"/engines/{engine.pk}/change/", {"enabled": "on", "idle_ttl_seconds": ""})
    engine.refresh_from_db()
    assert engine.idle_ttl_seconds is None


@pytest.mark.parametrize("wrong", ["-1", "soon", "9999999"])
def test_a_wrong_time_is_said_beside_its_field_and_kept(admin_client: Client, wrong: str) -> None:
    engine = make_engine()
    data = {"pinned": "on", "idle_ttl_seconds": wrong}
    answer = admin_client.post(f"/engines/{engine.pk}/change/", data)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert f'value="{wrong}"' in html and 'aria-invalid="true"' in html
    assert 'name="pinned" checked' in html and 'name="enabled" checked' not in html
    engine.refresh_from_db()
    assert engine.enabled and not engine.pinned


def test_a_stopped_engine_is_deleted_after_a_question(
    admin_client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    engine = make_engine()
    make_run(engine, ended_at=timezone.now())
    key_files.new_key(engine.pk)
    page = admin_client.get(f"/engines/{engine.pk}/delete/").content.decode()
    assert "the record of 1 past run " in page
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin_client.post(f"/engines/{engine.pk}/delete/", follow=True)
    assert "was deleted" in answer.content.decode()
    assert not Engine.objects.exists() and not EngineRun.objects.exists()
    assert not Path(key_files.folder(engine.pk)).exists()


@pytest.mark.parametrize(
    "facts", [{"state": "ready"}, {"state": "stopped", "desired": "running"}, {"state": "stopping"}]
)
def test_one_that_runs_or_is_wanted_is_not_deleted(
    admin_client: Client, facts: dict[str, str]
) -> None:
    engine = make_engine(**facts)
    assert f'href="/engines/{engine.pk}/delete/"' not in text(admin_client, engine)
    answer = admin_client.post(f"/engines/{engine.pk}/delete/", follow=True)
    assert "stop it first" in answer.content.decode()
    assert Engine.objects.filter(pk=engine.pk).exists()


def test_a_viewer_sees_what_is_kept_as_text(client: Client) -> None:
    client.force_login(User.objects.create_user("vera"))
    html = text(client, make_engine(pinned=True, idle_ttl_seconds=0))
    assert "<dt>Pinned</dt><dd>yes</dd>" in html and "<dt>Idle stop</dt><dd>never</dd>" in html
