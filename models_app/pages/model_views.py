"""One model: does it fit, what is it, which files is it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from llamadash import formats
from models_app.core.launch_options import CACHE_TYPES
from models_app.core.memory import EstimateError
from models_app.editing import EditError, edit, remove_missing
from models_app.lists.list_rows import RUNNABLE, STATE_WORDS
from models_app.lists.marks import mark, marks, start_url
from models_app.memory.drawing import bars
from models_app.memory.memory_fit import fit
from models_app.memory.memory_form import NAMES, MemoryForm, memory_form
from models_app.memory.memory_need import Subject, can_be_asked_exactly, program_is_installed
from models_app.memory.memory_words import how_known
from models_app.memory.server_command import server_command
from models_app.memory.spots import Spot
from models_app.models import FileState, LlamaModel
from models_app.pages.fact_lines import chat_template, fact_groups, metadata_lines, rail
from models_app.pages.forms import EditForm
from models_app.pages.problems import what_to_do
from models_app.pages.shared import is_partial, varies
from settings_app.staff import staff_only

NUMBERS: Final = ("ctx", "parallel", "gpu_layers")
MAX_COPIES: Final = 20  # shown of a model; a store of thousands of equal files is possible
STATE_CLASSES: Final = {"incomplete": "warn", "missing": "warn"}


def _model(model_id: int) -> LlamaModel:
    found = LlamaModel.objects.select_related("root", "projector").prefetch_related("files")
    return get_object_or_404(found, pk=model_id)


def _head(model: LlamaModel, tab: str) -> dict[str, Any]:
    """What every tab shows: head, tabs, the problem if there is one, the facts at the side."""
    files = list(model.files.all())
    error_kind = next((file.error_kind for file in files if file.error_kind), "")
    return {
        "model": model,
        "tab": tab,
        "files": files,
        "state_word": STATE_WORDS.get(model.state, model.state),
        "state_class": STATE_CLASSES.get(model.state, "fail"),
        "to_do": what_to_do(model.state, error_kind) if model.state != "ok" else "",
        "rail": rail(model, files),
        "template": chat_template(model, files),
        **_mark(model),
    }


def _mark(model: LlamaModel) -> dict[str, Any]:
    """Its state as another app knows it, and a button to load or unload it."""
    return {
        "mark": mark(marks(), model.pk, model.name),
        "can_run": model.kind in RUNNABLE and model.state == FileState.OK,
        "start_url": start_url(model.pk),
    }


@require_safe
def model_mark(request: HttpRequest, model_id: int) -> HttpResponse:
    """That alone, for a page that stays."""
    model = get_object_or_404(LlamaModel.objects.defer("facts"), pk=model_id)
    return render(request, "models_app/_model_mark.html", {"model": model, **_mark(model)})


# ---------------------------------------------------------------- memory
@require_safe
def detail(request: HttpRequest, model_id: int) -> HttpResponse:
    """The memory form. `exact=1` waits for llama-fit-params, where it is installed."""
    model = _model(model_id)
    subject = Subject(model)
    given = {name: request.GET[name] for name in NAMES if name in request.GET}
    form = memory_form(subject, given)
    context = _fit_context(subject, form, exact=request.GET.get("exact") == "1")
    status = 200 if form.is_valid() else 422
    if is_partial(request):
        context["model"] = model
        return varies(render(request, "models_app/_fit.html", context, status=status))
    context |= _head(model, "memory")
    return varies(render(request, "models_app/memory.html", context, status=status))


def _fit_context(subject: Subject, form: MemoryForm, *, exact: bool) -> dict[str, Any]:
    context: dict[str, Any] = {
        "form": form,
        "values": {name: form.shown(name) for name in NAMES},
        "defaults": {name: formats.grouped(form.defaults[name]) for name in NUMBERS},
        "emptied": [name for name in NAMES if form.is_emptied(name)],
        "cache_types": list(CACHE_TYPES),
        "has_gpu": any(not spot.is_ram for spot in form.spots),
    }
    if not form.is_valid():
        return context
    spot = form.spot()
    try:
        options = form.options()
        if spot is None:
            raise EstimateError("no device is known to put it on")
        answer = fit(subject, options, spot, exact=exact)
    except EstimateError as error:
        return context | {"no_estimate": str(error)}
    asked = {name: form.chosen(name) for name in NAMES}
    better = answer.largest_context
    return context | {
        "command": server_command(subject.model.path, options, on_gpu=not spot.is_ram),
        "answer": answer,
        "need": answer.need,
        "known": how_known(answer, options),
        "bars": bars(answer.loads, subject.model.name),
        "per_slot": asked["ctx"] // max(1, asked["parallel"]),
        "use_context": urlencode(asked | {"ctx": better}) if better else "",
        "use_layers": urlencode(asked | {"gpu_layers": answer.layers_that_fit})
        if answer.layers_that_fit
        else "",
        "is_largest": better == asked["ctx"],
        "ask_exactly": ""
        if exact or not _could_be_exact(spot, subject)
        else urlencode(asked | {"exact": 1}),
        "exact": exact,
    }


def _could_be_exact(spot: Spot, subject: Subject) -> bool:
    return subject.model.state == "ok" and can_be_asked_exactly(spot) and program_is_installed()


# ---------------------------------------------------------------- overview, files
@require_safe
def overview(request: HttpRequest, model_id: int) -> HttpResponse:
    model = _model(model_id)
    return _overview(request, model, EditForm.of(model))


def _overview(
    request: HttpRequest, model: LlamaModel, form: EditForm, status: int = 200
) -> HttpResponse:
    context = _head(model, "overview")
    context |= {
        "form": form,
        "groups": fact_groups(model, context["files"]),
        "metadata": metadata_lines(context["files"], request.GET.get("find", "")),
        "find": request.GET.get("find", ""),
    }
    if is_partial(request) and "find" in request.GET:
        return varies(render(request, "models_app/overview.html#metadata", context))
    return varies(render(request, "models_app/overview.html", context, status=status))


@require_POST
@staff_only("change models")
def change(request: HttpRequest, model_id: int) -> HttpResponse:
    model = _model(model_id)
    form = EditForm(request.POST)
    if form.is_valid():
        try:
            edit(model.pk, form.changes())
        except EditError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, "Saved.")
            return redirect("models_app:overview", model.pk)
    return _overview(request, model, form, status=422)


@require_safe
def files(request: HttpRequest, model_id: int) -> HttpResponse:
    model = _model(model_id)
    context = _head(model, "files")
    copies = _copies(model)
    context["copies"] = list(copies[:MAX_COPIES])
    context["n_copies"] = copies.count()
    return render(request, "models_app/files.html", context)


def _copies(model: LlamaModel) -> QuerySet[LlamaModel]:
    if not model.content_key:
        return LlamaModel.objects.none()
    same = LlamaModel.objects.filter(content_key=model.content_key).exclude(pk=model.pk)
    return same.exclude(state="missing")


@require_POST
@staff_only("remove models")
def remove(request: HttpRequest, model_id: int) -> HttpResponse:
    """Only what is gone from the disk; everything else would be back with the next scan."""
    model = get_object_or_404(LlamaModel, pk=model_id)
    try:
        if remove_missing(model.pk):
            messages.success(request, f"{model.name} was removed from the registry.")
            return redirect("models_app:problems")
        messages.error(request, "Its file is there: only missing models can be removed.")
    except EditError as error:
        messages.error(request, str(error))
    return redirect("models_app:detail", model.pk)
