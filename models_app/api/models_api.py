"""The management API of models."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router
from ninja.errors import HttpError, ValidationError

from llamadash import perf
from models_app import known_list
from models_app.api.api_schemas import (
    LIST_PARAMETERS,
    MEMORY_PARAMETERS,
    MemoryAnswer,
    ModelDetail,
    ModelList,
    ModelPatch,
    Refused,
)
from models_app.core.memory import EstimateError
from models_app.editing import EditError, edit
from models_app.known_list import Known
from models_app.lists.listing import ListQuery, models, read, turn
from models_app.memory.memory_fit import Fit, fit
from models_app.memory.memory_form import NAMES, MemoryForm, memory_form
from models_app.memory.memory_need import Subject
from models_app.memory.memory_words import how_known
from models_app.models import LlamaModel, ModelAlias, RegistryVersion
from settings_app.staff import require_staff

models_router: Final = Router(tags=["models"])

MAX_DUPLICATES: Final = 20
COLUMNS: Final = (
    "id", "name", "path", "root_id", "state", "reason", "parse_source", "kind", "architecture",
    "quantization", "parameters", "bits_per_weight", "size_bytes", "context_length",
    "capabilities", "memory_context", "weights_bytes", "cache_bytes", "compute_bytes",
    "memory_is_lower_bound", "projector_id", "copies", "favourite", "hidden", "tags", "use_count",
    "last_used_at", "first_seen_at", "missing_since",
)  # fmt: skip


def dump(data: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(data), status=status, content_type="application/json")


def refuse_fields(where: str, problems: dict[str, str]) -> ValidationError:
    return ValidationError([{"loc": (where, name), "msg": why} for name, why in problems.items()])


def query_of(request: HttpRequest) -> dict[str, str]:
    given = {name: str(value) for name, value in request.GET.items()}
    repeated = [name for name, values in request.GET.lists() if len(values) > 1]
    if repeated:
        raise refuse_fields("query", dict.fromkeys(repeated, "given more than once"))
    return given


# ---------------------------------------------------------------- the list
@models_router.get(
    "",
    response={200: ModelList, 422: Refused},
    openapi_extra={"parameters": LIST_PARAMETERS},
    url_name="models_list",
)
def list_models(request: HttpRequest) -> HttpResponse:
    """All models that match. Send the ETag back as If-None-Match: unchanged lists cost nothing."""
    with perf.timed("models.api_list"):
        known = _known(request)
    if known_list.is_seen(known.etag, request.headers.get("if-none-match", "")):
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(known.body, content_type="application/json")
    response.headers["ETag"] = known.etag
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _known(request: HttpRequest) -> Known:
    """The list at the registry's present version, from memory if it was asked for before."""
    version = RegistryVersion.current()
    raw = request.META.get("QUERY_STRING", "").encode("utf-8", "replace")
    if found := known_list.get(raw, version):
        return found
    query, problems = read(query_of(request))
    if problems:
        raise refuse_fields("query", problems)
    body = orjson.dumps(_list(query))
    # What fits also depends on the machine and on the margin, which no version tells: such a list
    # is known by its bytes and is not kept.
    depends = body if query.fits else version.encode() + b"?" + raw
    known = Known(f'"{hashlib.blake2b(depends, digest_size=12).hexdigest()}"', body)
    if not query.fits:
        known_list.put(raw, version, known)
    return known


def _list(query: ListQuery) -> dict[str, Any]:
    page = turn(query, COLUMNS)
    aliases = _aliases([row["id"] for row in page.rows])
    return {
        "models": [_row(row, aliases) for row in page.rows],
        "next": page.next.encode() if page.next else None,
        "total": models(query).count(),
    }


def _aliases(ids: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    # All of them in one question: few models have any, and SQLite limits the length of an IN.
    named = ModelAlias.objects.values_list("llama_model_id", "name")
    if len(ids) == 1:
        named = named.filter(llama_model_id=ids[0])
    for model_id, name in named:
        found.setdefault(model_id, []).append(name)
    return found


def _row(row: dict[str, Any], aliases: dict[int, list[str]]) -> dict[str, Any]:
    row.pop("need_bytes", None)
    row["root"] = row.pop("root_id")
    row["projector"] = row.pop("projector_id")
    row["aliases"] = aliases.get(row["id"], [])
    row["memory"] = {
        "context": row.pop("memory_context"),
        "weights_bytes": row.pop("weights_bytes"),
        "cache_bytes": row.pop("cache_bytes"),
        "compute_bytes": row.pop("compute_bytes"),
        "is_lower_bound": row.pop("memory_is_lower_bound"),
    }
    return row


# ---------------------------------------------------------------- one model
def model_or_404(model_id: int) -> LlamaModel:
    try:
        return LlamaModel.objects.get(pk=model_id)
    except (LlamaModel.DoesNotExist, OverflowError):
        raise Http404(f"There is no model {model_id}.") from None


@models_router.get("{model_id}/", response={200: ModelDetail, 404: Refused}, url_name="model")
def get_model(request: HttpRequest, model_id: int) -> HttpResponse:
    return dump(_detail(model_or_404(model_id)))


def _detail(model: LlamaModel) -> dict[str, Any]:
    row = LlamaModel.objects.filter(pk=model.pk).values(*COLUMNS).get()
    return {
        **_row(row, _aliases([model.pk])),
        "notes": model.notes,
        "facts": model.facts,
        "files": [_file(dict(file)) for file in model.files.values()],
        "duplicates": duplicates(model),
    }


def _file(file: dict[str, Any]) -> dict[str, Any]:
    left_out = ("id", "key", "root_id", "llama_model_id", "scan_key", "tensors", "content_key")
    shown = {name: value for name, value in file.items() if name not in left_out}
    return {**shown, "sha256": file["sha256"] or None}


def duplicates(model: LlamaModel) -> list[dict[str, Any]]:
    """Other present models with the same content, the first few: `copies` counts them all."""
    if not model.content_key:
        return []
    same = LlamaModel.objects.filter(content_key=model.content_key).exclude(pk=model.pk)
    found = same.exclude(state="missing").values("id", "name", "path")
    return [dict(each) for each in found[:MAX_DUPLICATES]]


@models_router.patch(
    "{model_id}/",
    response={200: ModelDetail, 403: Refused, 404: Refused, 422: Refused},
    url_name="model_patch",
)
def patch_model(request: HttpRequest, model_id: int, changes: ModelPatch) -> HttpResponse:
    """Changes favourite, hidden, notes, tags, aliases; facts come from scans only."""
    require_staff(request, "change models")
    model = model_or_404(model_id)
    try:
        edit(model.pk, changes.dict(exclude_unset=True))
    except EditError as error:
        raise refuse_fields("body", {error.field: str(error)}) from error
    model.refresh_from_db()
    return dump(_detail(model))


@models_router.get(
    "{model_id}/memory/",
    response={200: MemoryAnswer, 404: Refused, 409: Refused, 422: Refused},
    openapi_extra={"parameters": MEMORY_PARAMETERS},
    url_name="model_memory",
)
def get_memory(request: HttpRequest, model_id: int) -> HttpResponse:
    """What the model takes with these options, and whether that is free at this moment."""
    subject = Subject(model_or_404(model_id))
    given = query_of(request)
    unknown = {
        name: f"unknown; possible are {', '.join(NAMES)}" for name in given if name not in NAMES
    }
    if unknown:
        raise refuse_fields("query", unknown)
    form = memory_form(subject, given)
    if not form.is_valid():
        raise refuse_fields("query", {k: " ".join(map(str, v)) for k, v in form.errors.items()})
    spot = form.spot()
    if spot is None:
        raise HttpError(409, "No device is known to put a model on.")
    try:
        options = form.options()
        answer = fit(subject, options, spot, exact=True)
    except EstimateError as error:
        raise HttpError(409, f"No estimate: {error}.") from error
    return dump(_memory(answer, form, how_known(answer, options)))


def _memory(answer: Fit, form: MemoryForm, notes: dict[str, str]) -> dict[str, Any]:
    need = answer.need
    return {
        "source": need.source,
        "options": {name: form.chosen(name) for name in NAMES},
        "weights": {"bytes": need.weights_bytes, "how_known": notes["weights"]},
        "cache": {"bytes": need.cache_bytes, "how_known": notes["cache"]},
        "compute": {"bytes": need.compute_bytes, "how_known": notes["compute"]},
        "total_bytes": need.total_bytes,
        "device_bytes": need.device_bytes,
        "host_bytes": need.host_bytes,
        "bytes_per_token": need.estimate.bytes_per_token,
        "is_lower_bound": need.is_lower_bound,
        "layers": need.estimate.layers,
        "fits": answer.fits,
        "verdict": answer.verdict,
        "warnings": answer.warnings,
        "largest_context": answer.largest_context,
        "layers_that_fit": answer.layers_that_fit,
        "loads": [
            {
                "device": load.spot.key,
                "need_bytes": load.need_bytes,
                "free_bytes": load.spot.free_bytes,
                "margin_bytes": load.margin_bytes,
                "short_bytes": load.short_bytes,
            }
            for load in answer.loads
        ],
        "devices": [
            {
                "key": spot.key,
                "label": spot.label,
                "name": spot.name,
                "total_bytes": spot.total_bytes,
                "free_bytes": spot.free_bytes,
            }
            for spot in form.spots
        ],
        "notes": need.notes,
    }
