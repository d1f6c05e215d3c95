"""One engine: what it does now, how it was started, how its processes have ended."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from engine_app.core.states import AT_REST
from engine_app.figures.charts import plots_of
from engine_app.models import Engine, EngineRun
from engine_app.options import IDLE_TTL
from engine_app.pages import engine_command, engine_start_phases
from engine_app.pages.engine_answers import engine_or_404
from engine_app.pages.engine_counts import counts
from engine_app.pages.engine_crash import crash
from engine_app.pages.engine_environment import environment_of
from engine_app.pages.engine_rows import Values, on_gpus, rows
from engine_app.pages.engine_runs import runs
from engine_app.pages.engine_says import Says, says
from engine_app.pages.engine_slots import cells
from llamadash import formats, perf
from logs_app import asking, reading
from logs_app.asking import Question
from logs_app.feed import topic_of
from logs_app.pages.shown import chunks
from metrics_app.live_values import live_value
from metrics_app.pages.addresses import State
from metrics_app.pages.monitoring import gpu_names
from metrics_app.pages.ranges import relative
from metrics_app.query import latest
from models_app.pages.shared import is_partial, varies

LINES: Final = 200
CHART_RANGE: Final = "15m"
RANGE_WORDS: Final = "last 15 min"


@require_safe
def engine_detail(request: HttpRequest, engine_id: int) -> HttpResponse:
    """`part=now` for what changes with a state, `part=runs` for a page of past runs, `part=says`
    for what it says of itself: that asks it."""
    engine = engine_or_404(engine_id)
    part = request.GET.get("part", "")
    if is_partial(request) and part == "runs":
        context = {"engine": engine, "runs": runs(engine, request.GET.get("before", ""))}
        return varies(render(request, "engine_app/engine_detail.html#runs", context))
    if is_partial(request) and part == "says":
        context = {"engine": engine, "says": _says(engine, ask=True), "asked": True}
        return varies(render(request, "engine_app/_engine_says.html", context))
    if is_partial(request) and part == "now":
        return varies(render(request, "engine_app/_engine_now.html", _now(request, engine)))
    return detail_page(request, engine)


def detail_page(
    request: HttpRequest, engine: Engine, form: forms.Form | None = None, status: int = 200
) -> HttpResponse:
    with perf.timed("engines.page_detail"):
        context = _now(request, engine) | _figures(engine) | _log(engine, request)
        context |= {"runs": runs(engine, request.GET.get("before", "")), **_values(engine, form)}
        asked = request.GET.get("ask") == "1"
        context |= {"says": _says(engine, ask=asked), "asked": asked}
        page = render(request, "engine_app/engine_detail.html", context, status=status)
        return varies(page)


def _now(request: HttpRequest, engine: Engine) -> dict[str, Any]:
    """What is different when its state is."""
    run = engine.runs.select_related("binary").order_by("-id").first()
    started = engine.runs.exclude(pid=None).order_by("-id").defer("last_lines").first()
    return {
        "engine": engine,
        "row": rows([engine])[0],
        "run": run,
        "facts": _memory(engine, latest().values, run),
        "start": engine_start_phases.drawn(started) if started else None,
        "crash": crash(engine, run),
        "command": _command(run) if run and run.argv else None,
        "plan": getattr(run, "plan", None) or None,
        "may_delete": engine.desired == "stopped" and engine.state in AT_REST,
        "environment": environment_of(engine) if request.user.is_staff else None,
        "idle_ttl": IDLE_TTL.get(),
        "cells": cells(engine.pk),
        "counts": counts(),
    }


def _says(engine: Engine, *, ask: bool) -> Says:
    return says(engine, engine.runs.open().order_by("-id").first(), ask=ask)


def _command(run: EngineRun) -> engine_command.Shown:
    words = run.binary.words if run.binary else ()
    known = list(words) == run.argv[: len(words)] and len(words) > 0
    return engine_command.shown(run.argv, len(words) if known else 1)


def _memory(engine: Engine, values: Values, run: EngineRun | None) -> dict[str, Any]:
    """What it has now, and what it had when it was ready."""
    if not engine.is_alive:
        return {}
    names = gpu_names()
    gpus = [
        f"{formats.size(n_bytes)} {names.get(key, key)}"
        for key, n_bytes in on_gpus(engine, values).items()
    ]
    measured: Mapping[str, Any] = run.memory if run is not None else {}
    key = f"{engine.source}/rss_bytes"
    rss = values.get(key, measured.get("rss_bytes"))
    cpu = f"{engine.source}/cpu_ratio"
    return {
        "gpus": gpus,
        "rss": live_value(key, "bytes", rss, label="Memory"),
        "file_bytes": measured.get("file_bytes"),
        "cpu": live_value(cpu, "ratio", values.get(cpu), label="CPU"),
    }


def _figures(engine: Engine) -> dict[str, Any]:
    now = time.time()
    state = State(relative(CHART_RANGE, now))
    return {"plots": plots_of(engine, state, now), "state": state, "range_words": RANGE_WORDS}


def _log(engine: Engine, request: HttpRequest) -> dict[str, Any]:
    staff = request.user.is_staff
    question = Question(source=engine.source, limit=LINES)
    page = asking.answer(question, staff)
    return {
        "has_log": engine.source in reading.sources(staff),
        "question": question,
        "chunks": chunks(page.rows, question, {}),
        "page": page,
        "topic": topic_of(engine.source),
        "logs_page": reverse("logs_app:logs"),
    }


def _values(engine: Engine, form: forms.Form | None) -> dict[str, Any]:
    """What stands in the form: what was typed, where that could not be saved."""
    if form is not None:
        return {
            "values": {name: form[name].value() for name in form.fields},
            "errors": {name: " ".join(map(str, errors)) for name, errors in form.errors.items()},
        }
    names = ("enabled", "pinned", "preload", "idle_ttl_seconds")
    return {"values": {name: getattr(engine, name) for name in names}, "errors": {}}
