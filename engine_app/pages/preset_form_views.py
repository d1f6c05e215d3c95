"""The form of a preset, with the command and the memory it leads to beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from engine_app import engine_help
from engine_app.core.allow_list import LaunchError
from engine_app.core.flag_kinds import Value
from engine_app.core.preset_templates import TEMPLATES, ModelFacts, suggested
from engine_app.engine_help import Known
from engine_app.models.engine import EngineBinary
from engine_app.models.preset import MAX_NAME, Preset
from engine_app.pages import preset_form
from engine_app.pages.preset_form import Typed
from engine_app.pages.preset_found import MOST_CHOICES, preset_or_404
from engine_app.pages.preset_meanwhile import compared, moment
from engine_app.preset_command import command
from engine_app.preset_editing import (
    ChangedMeanwhile,
    PresetError,
    change,
    create,
    free_name,
)
from engine_app.preset_memory import facts_of, fit_of
from engine_app.preset_refs import beside, warnings
from engine_app.presets import (
    PRESET,
    Effective,
    Layers,
    allow_list,
    layered,
    layers_below,
)
from models_app.core.memory import EstimateError
from models_app.lists.listing import UNUSABLE
from models_app.memory.drawing import bars
from models_app.models import LlamaModel, ModelKind
from settings_app.staff import require_staff

RUNNABLE: Final = (ModelKind.CHAT, ModelKind.EMBEDDING, ModelKind.RERANKER, ModelKind.UNKNOWN)


@require_http_methods(["GET", "HEAD", "POST"])
def preset_new(request: HttpRequest) -> HttpResponse:
    require_staff(request, "change presets")
    if request.method != "POST":
        return _form_page(request, None, _started(request.GET))
    given = preset_form.typed(_texts(request.POST))
    if request.POST.get("action") == "show":
        return _form_page(request, None, given, _texts(request.POST))
    if not given.problems:
        try:
            preset = create(given.values)
        except PresetError as error:
            given.problems |= error.problems
        else:
            messages.success(request, f"{preset.label}: saved.")
            return redirect("presets:change", preset.pk)
    return _form_page(request, None, given, _texts(request.POST), status=422)


def _started(asked: Mapping[str, str]) -> Typed:
    """An empty form, for a model if one is named, filled in from a template if one is named."""
    model_id, key = asked.get("model", ""), asked.get("template", "")
    model = None
    if model_id.isascii() and model_id.isdigit() and len(model_id) < 19:
        model = LlamaModel.objects.filter(pk=int(model_id)).first()
    template = TEMPLATES.get(key)
    options: dict[str, Value] = {}
    if template is not None:
        facts = facts_of(model, engine_help.binary()) if model else ModelFacts()
        options = template.options(facts)
    words = [
        model.name[: MAX_NAME - 20] if model else "",
        template.label.lower() if template else "",
    ]
    name = " ".join(word for word in words if word)
    return Typed(
        {
            "name": free_name(name) if name else "",
            "llama_model": model,
            "options": allow_list().ordered(options),
            "binary_key": "",
            "notes": "",
            "is_default": False,
        }
    )


@require_http_methods(["GET", "HEAD", "POST"])
def preset_change(request: HttpRequest, preset_id: int) -> HttpResponse:
    preset = preset_or_404(preset_id)
    if request.method != "POST":
        return _form_page(request, preset, preset_form.of_preset(preset))
    require_staff(request, "change presets")
    given = preset_form.typed(_texts(request.POST))
    if preset.is_global:
        fixed = {"name": preset.name, "llama_model": None, "is_default": True}
        given.values |= fixed
    if request.POST.get("action") == "show":
        return _form_page(request, preset, given, _texts(request.POST))
    if not given.problems:
        try:
            change(preset.pk, given.values, seen=moment(request.POST.get("seen", "")))
        except ChangedMeanwhile as error:
            return _form_page(request, error.preset, given, _texts(request.POST), status=409)
        except PresetError as error:
            given.problems |= error.problems
        else:
            messages.success(request, f"{preset.label}: saved.")
            return redirect("presets:change", preset.pk)
    return _form_page(request, preset, given, _texts(request.POST), status=422)


def _seen(preset: Preset | None, data: Mapping[str, str]) -> str:
    """Which saving the form is based upon, to be told by the next one."""
    return data.get("seen") or (preset.updated_at.isoformat() if preset else "")


def _texts(data: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in data.items()}


def _form_page(
    request: HttpRequest,
    preset: Preset | None,
    given: Typed,
    data: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    model: LlamaModel | None = given.values["llama_model"]
    layers = layers_below(preset, model, is_default=given.values["is_default"])
    binary = engine_help.binary(given.values["binary_key"])
    known = engine_help.known(binary)
    values = preset_form.shown_values(given, data)
    found = preset_form.groups(values, given.problems, layered(layers), known)
    is_stale = preset is not None and status == 409
    context = {
        "preset": preset,
        "seen": _seen(preset, {} if is_stale or data is None else data),
        "meanwhile": compared(given.values, preset) if preset and is_stale else None,
        "values": given.values,
        "more": values.get("more", ""),
        "problems": given.problems,
        "n_wrong": len(given.problems),
        "groups": found,
        "n_unknown": sum(each.unknown for group in found for each in group.fields),
        "models": _models(model),
        "binaries": list(EngineBinary.objects.filter(enabled=True)),
        "engine": binary,
        "templates": TEMPLATES.values(),
        "suggested": _template(request) or suggested(model.kind if model else ""),
        "others": Preset.objects.exclude(pk=preset.pk)[:MOST_CHOICES] if preset else (),
        **_leads_to(model, layers, given, binary, known),
    }
    return render(request, "engine_app/preset_change.html", context, status=status)


def _template(request: HttpRequest) -> str:
    asked = request.GET.get("template", "")
    return asked if asked in TEMPLATES else ""


def _models(chosen: LlamaModel | None) -> list[LlamaModel]:
    present = LlamaModel.objects.filter(kind__in=RUNNABLE).exclude(state__in=UNUSABLE)
    found = list(present.only("id", "name", "quantization")[:MOST_CHOICES])
    if chosen is not None and chosen not in found:
        found.insert(0, chosen)
    return found


# ---------------------------------------------------------------- what it leads to
@require_safe
def preset_preview(request: HttpRequest) -> HttpResponse:
    """Command and memory of what stands in the form; nothing is saved."""
    asked = _texts(request.GET)
    preset = None
    number = asked.get("preset", "")
    if number.isascii() and number.isdigit() and len(number) < 19:
        preset = Preset.objects.filter(pk=int(number)).first()
    given = preset_form.typed(asked)
    if preset is not None and preset.is_global:
        given.values |= {"llama_model": None, "is_default": True}
    model = given.values["llama_model"]
    layers = layers_below(preset, model, is_default=given.values["is_default"])
    binary = engine_help.binary(given.values["binary_key"])
    context = _leads_to(model, layers, given, binary, engine_help.known(binary))
    return render(request, "engine_app/_preset_leads_to.html", context)


def _leads_to(
    model: LlamaModel | None,
    layers: Layers,
    given: Typed,
    binary: EngineBinary | None,
    known: Known,
) -> dict[str, Any]:
    effective = layered([*layers, (PRESET, given.values["options"])])
    context: dict[str, Any] = {
        "model": model,
        "wrong": _named(given.problems),
        "beside": beside(effective.options),
        "beside_warnings": warnings(model, effective.options),
    }
    try:
        context["command"] = command(model, effective.options, known)
    except LaunchError as error:
        context["no_command"] = str(error)
    if model is None:
        return context
    try:
        answer = fit_of(model, effective.options, binary)
    except EstimateError as error:
        return context | {"no_estimate": str(error)}
    context["answer"] = answer
    context["bars"] = bars(answer.loads, model.name)
    return context | _per_slot(effective)


def _named(problems: Mapping[str, str]) -> list[str]:
    """What is wrong, with the names that stand above the fields."""
    flags = allow_list().flags
    found = []
    for key, why in problems.items():
        option = key.removeprefix("options.")
        found.append(f"{flags[option].label}: {why}" if option in flags else why)
    return found


def _per_slot(effective: Effective) -> dict[str, Any]:
    context, slots = effective.options.get("ctx-size"), effective.options.get("parallel")
    divided = not effective.options.get("kv-unified")
    if type(context) is int and type(slots) is int and context > 0 and slots > 1 and divided:
        return {"per_slot": context // slots, "slots": slots}
    return {}
