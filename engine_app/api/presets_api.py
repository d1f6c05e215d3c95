"""The management API of presets."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router
from ninja.errors import HttpError

from engine_app import engine_help
from engine_app.api.preset_schemas import PresetDetail, PresetList, PresetNew, PresetPatch
from engine_app.core.allow_list import LaunchError
from engine_app.models.preset import Preset
from engine_app.preset_command import command
from engine_app.preset_editing import ChangedMeanwhile, PresetError, change, create, remove
from engine_app.presets import PRESET, layered, layers_below
from models_app.api.api_schemas import Refused
from models_app.api.models_api import dump, refuse_fields
from settings_app.staff import require_staff

presets_router: Final = Router(tags=["presets"])
# Names here -> names of the row.
_FIELDS: Final = {"model": "llama_model", "binary": "binary_key"}
_NAMES: Final = {value: name for name, value in _FIELDS.items()}


@presets_router.get("", response={200: PresetList, 422: Refused}, url_name="presets_list")
def list_presets(request: HttpRequest) -> HttpResponse:
    """All of them, by name; the defaults are called *."""
    if request.GET:
        raise refuse_fields("query", dict.fromkeys(request.GET, "unknown; there is none"))
    return dump({"presets": [_row(preset) for preset in Preset.objects.all()]})


@presets_router.post(
    "", response={201: PresetDetail, 403: Refused, 422: Refused}, url_name="presets_new"
)
def post_preset(request: HttpRequest, wanted: PresetNew) -> HttpResponse:
    require_staff(request, "change presets")
    try:
        preset = create(_values(wanted.dict()))
    except PresetError as error:
        raise _refused(error) from error
    return _answer(preset, status=201)


@presets_router.get("{preset_id}/", response={200: PresetDetail, 404: Refused}, url_name="preset")
def get_preset(request: HttpRequest, preset_id: int) -> HttpResponse:
    """With what it inherits, and the command it becomes."""
    return _answer(_preset_or_404(preset_id))


@presets_router.patch(
    "{preset_id}/",
    response={200: PresetDetail, 403: Refused, 404: Refused, 412: Refused, 422: Refused},
    url_name="preset_patch",
)
def patch_preset(request: HttpRequest, preset_id: int, changes: PresetPatch) -> HttpResponse:
    """Send the ETag back as If-Match: then nothing that somebody else has saved meanwhile is
    overwritten."""
    require_staff(request, "change presets")
    preset = _preset_or_404(preset_id)
    _refuse_changed(request, preset)
    seen = preset.updated_at if "If-Match" in request.headers else None
    try:
        changed = change(preset.pk, _values(changes.dict(exclude_unset=True)), seen=seen)
    except ChangedMeanwhile as error:
        raise HttpError(412, str(error)) from error
    except PresetError as error:
        raise _refused(error) from error
    return _answer(changed)


@presets_router.delete(
    "{preset_id}/",
    response={204: None, 403: Refused, 404: Refused, 409: Refused, 412: Refused},
    url_name="preset_delete",
)
def delete_preset(request: HttpRequest, preset_id: int) -> HttpResponse:
    require_staff(request, "change presets")
    preset = _preset_or_404(preset_id)
    _refuse_changed(request, preset)
    try:
        remove(preset)
    except PresetError as error:
        raise HttpError(409, str(error)) from error
    return HttpResponse(status=204)


def _preset_or_404(preset_id: int) -> Preset:
    try:
        return Preset.objects.select_related("llama_model").get(pk=preset_id)
    except (Preset.DoesNotExist, OverflowError):
        raise Http404(f"There is no preset {preset_id}.") from None


def _refuse_changed(request: HttpRequest, preset: Preset) -> None:
    """Raises HttpError 412 where the request is based upon an older state than there is."""
    given = request.headers.get("If-Match", "*")
    tags = {each.strip().removeprefix("W/") for each in given.split(",")}
    if not tags & {"*", _etag(preset)}:
        raise HttpError(412, f"{preset.label} was changed meanwhile: read it again.")


def _etag(preset: Preset) -> str:
    return f'"{preset.pk}-{preset.updated_at.timestamp():.6f}"'


def _answer(preset: Preset, status: int = 200) -> HttpResponse:
    response = dump(_detail(preset), status=status)
    response.headers["ETag"] = _etag(preset)
    return response


def _values(given: dict[str, Any]) -> dict[str, Any]:
    return {_FIELDS.get(name, name): value for name, value in given.items()}


def _refused(error: PresetError) -> Exception:
    return refuse_fields("body", {_NAMES.get(k, k): why for k, why in error.problems.items()})


def _row(preset: Preset) -> dict[str, Any]:
    return {
        "id": preset.pk,
        "name": preset.name,
        "model": preset.llama_model_id,
        "is_default": preset.is_default,
        "options": preset.options,
        "binary": preset.binary_key,
        "notes": preset.notes,
        "created_at": preset.created_at,
        "updated_at": preset.updated_at,
        "last_success_at": preset.last_success_at,
    }


def _detail(preset: Preset) -> dict[str, Any]:
    layers = layers_below(preset, preset.llama_model, is_default=preset.is_default)
    effective = layered([*layers, (PRESET, preset.options)])
    known = engine_help.known(engine_help.binary(preset.binary_key))
    text, problem = None, ""
    try:
        text = command(preset.llama_model, effective.options, known).text
    except LaunchError as error:
        problem = str(error)
    origin = {"effective": effective.options, "origin": effective.origin}
    return {**_row(preset), **origin, "command": text, "problem": problem}
