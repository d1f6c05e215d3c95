"""Starting a model: which one, how, and what that would take before anything happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from engine_app import control, engine_help
from engine_app.control import EngineRefused
from engine_app.core.allow_list import LaunchError
from engine_app.memory.planning import plan_for
from engine_app.models import Desired, Engine, Preset
from engine_app.pages.engine_answers import answered, refused
from engine_app.pages.engine_look import chip
from engine_app.pages.engine_remedies import no_program
from engine_app.pages.preset_form_views import RUNNABLE
from engine_app.pages.preset_found import MOST_CHOICES
from engine_app.preset_command import command
from engine_app.presets import effective_options
from models_app.lists.listing import in_state
from models_app.models import FileState, LlamaModel
from models_app.pages.shared import is_partial, varies
from settings_app.staff import require_staff, staff_only

LIST: Final = "engines:list"
# Outcomes of a plan that somebody who knows better may want to pass over.
HARD: Final = ("evict", "wait", "too_big", "no_room")
MOST_TEXT: Final = 200


@require_http_methods(["GET", "HEAD", "POST"])
def engine_new(request: HttpRequest) -> HttpResponse:
    """Asked with GET, what a start would mean; with POST, the start."""
    require_staff(request, "start engines")
    if request.method == "POST":
        return _start(request)
    choice = read_choice(request.GET)
    context: dict[str, Any] = {"choice": choice, "no_program": no_program()}
    if choice.model is not None:
        context |= _would(choice.model, choice.preset)
    if is_partial(request):
        listed = str(choice.model.pk) if choice.model else ""
        context["narrowed"] = choice.find != request.GET.get("found", "")
        context["other_model"] = listed != request.GET.get("listed", "")
        return varies(render(request, "engine_app/engine_new.html#answer", context))
    return varies(render(request, "engine_app/engine_new.html", context))


@dataclass(frozen=True, slots=True)
class Choice:
    find: str
    models: list[LlamaModel]
    n_models: int  # that match, of which the first are listed
    model: LlamaModel | None
    presets: list[Preset]
    preset: Preset | None


def read_choice(given: Mapping[str, str]) -> Choice:
    """What the form says, as far as it can be used; else the first model that matches."""
    find = given.get("find", "").replace("\0", "").strip()[:MOST_TEXT]
    matching = in_state("usable").filter(hidden=False, kind__in=RUNNABLE, state=FileState.OK)
    if find:
        matching = matching.matching(find)
    listed = list(matching.order_by("-favourite", "name", "id").defer("facts")[:MOST_CHOICES])
    n_models = len(listed) if len(listed) < MOST_CHOICES else matching.count()
    asked = _number(given.get("model", ""))
    model = next((each for each in listed if each.pk == asked), None)
    if model is None and asked and not find:
        model = LlamaModel.objects.filter(pk=asked, kind__in=RUNNABLE).first()
        listed[:0] = [model] if model is not None else []
    model = model or next(iter(listed), None)
    presets = list(Preset.objects.fitting(model)[:MOST_CHOICES]) if model is not None else []
    wanted = _number(given.get("preset", ""))
    preset = next((each for each in presets if each.pk == wanted), None)
    return Choice(find, listed, n_models, model, presets, preset)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _would(model: LlamaModel, preset: Preset | None) -> dict[str, Any]:
    """The plan, the command, and the engine that is there already."""
    engine = Engine.objects.filter(llama_model=model, preset=preset, node=settings.NODE).first()
    found: dict[str, Any] = {
        "engine": engine,
        "chip": chip(engine) if engine else "",
        "plan": plan_for(model, preset),
        "hard": HARD,
    }
    known = engine_help.known(engine_help.binary(preset.binary_key if preset else ""))
    try:
        found["command"] = command(model, effective_options(model, preset).options, known)
    except LaunchError as error:
        found["no_command"] = str(error)
    return found


def _start(request: HttpRequest) -> HttpResponse:
    model = LlamaModel.objects.filter(pk=_number(request.POST.get("model", ""))).first()
    if model is None:
        raise Http404("There is no such model.")
    preset = None
    if asked := request.POST.get("preset", ""):
        preset = Preset.objects.filter(pk=_number(asked)).first()
        if preset is None:
            raise Http404("There is no such preset.")
    try:
        force = request.POST.get("force") == "1"
        engine = control.start(model, preset, request.user, force=force)
    except EngineRefused as error:
        return refused(request, str(error), LIST)
    if request.POST.get("next"):
        return answered(request, LIST)
    return redirect("engines:detail", engine.pk)


@require_POST
@staff_only("stop engines")
def engine_unload(request: HttpRequest) -> HttpResponse:
    """Stops all engines of a model."""
    model = LlamaModel.objects.filter(pk=_number(request.POST.get("model", ""))).first()
    if model is None:
        raise Http404("There is no such model.")
    wanted = Engine.objects.here(settings.NODE).filter(llama_model=model, desired=Desired.RUNNING)
    listed = list(wanted)
    for engine in listed:
        control.stop(engine, request.user)
    if not listed:
        messages.info(request, f"{model.name} is not loaded.")
    return answered(request, LIST)
