"""The buttons of an engine that is there: they say what is wanted, and the supervisor acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from engine_app import control
from engine_app.api.engine_schemas import MAX_TTL_SECONDS
from engine_app.control import EngineRefused
from engine_app.forgetting import forget
from engine_app.models import Engine
from engine_app.pages.engine_answers import answered, engine_or_404, refused
from engine_app.pages.engine_detail import detail_page
from settings_app.staff import staff_only

PAGE: Final = "engines:detail"


@require_POST
@staff_only("start engines")
def engine_start(request: HttpRequest, engine_id: int) -> HttpResponse:
    return _wanted(request, engine_id, control.start_again)


@require_POST
@staff_only("stop engines")
def engine_stop(request: HttpRequest, engine_id: int) -> HttpResponse:
    return _wanted(request, engine_id, control.stop)


@require_POST
@staff_only("restart engines")
def engine_restart(request: HttpRequest, engine_id: int) -> HttpResponse:
    return _wanted(request, engine_id, control.restart)


def _wanted(
    request: HttpRequest, engine_id: int, verb: Callable[[Engine, Any], object]
) -> HttpResponse:
    engine = engine_or_404(engine_id)
    try:
        verb(engine, request.user)
    except EngineRefused as error:
        return refused(request, str(error), PAGE, engine.pk)
    return answered(request, PAGE, engine.pk)


class Seconds(forms.IntegerField):
    """As figures are written on the page: 1,800."""

    def to_python(self, value: Any) -> int | None:
        return super().to_python(value.replace(",", "") if isinstance(value, str) else value)


class KeepingForm(forms.Form):
    """How long it stays, and whether it may run at all."""

    enabled = forms.BooleanField(required=False)
    pinned = forms.BooleanField(required=False)
    preload = forms.BooleanField(required=False)
    idle_ttl_seconds = Seconds(
        required=False,
        min_value=0,
        max_value=MAX_TTL_SECONDS,
        error_messages={"invalid": "Give a whole number of seconds, or nothing."},
    )


@require_POST
@staff_only("change engines")
def engine_change(request: HttpRequest, engine_id: int) -> HttpResponse:
    engine = engine_or_404(engine_id)
    form = KeepingForm(request.POST)
    if not form.is_valid():
        return detail_page(request, engine, form, status=422)
    control.change(engine, form.cleaned_data, request.user)
    messages.success(request, "Saved.")
    return redirect(PAGE, engine.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only("delete engines")
def engine_delete(request: HttpRequest, engine_id: int) -> HttpResponse:
    engine = engine_or_404(engine_id)
    if request.method != "POST":
        context = {"engine": engine, "n_runs": engine.runs.count()}
        return render(request, "engine_app/engine_delete.html", context)
    if not forget(engine):
        messages.error(request, "It runs, or is wanted to: stop it first.")
        return redirect(PAGE, engine.pk)
    messages.success(request, f"The engine of {engine.llama_model.name} was deleted.")
    return redirect("engines:list")
