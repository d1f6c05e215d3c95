"""The management API of engines. Changes say what is wanted; the answer says what is so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router

from engine_app import control
from engine_app.api.engine_schemas import (
    EngineDetail,
    EngineList,
    EnginePatch,
    EngineRequest,
    MemoryPlan,
)
from engine_app.api.refusals import as_conflict
from engine_app.control import EngineRefused
from engine_app.memory.planning import plan_for
from engine_app.models import Engine, EngineRun, Preset
from engine_app.pages.engine_command import without_secrets
from models_app.api.api_schemas import Refused
from models_app.api.models_api import dump, refuse_fields
from models_app.models import LlamaModel
from settings_app.staff_login import StaffLogin

engines_router: Final = Router(tags=["engines"])
MOST_RUNS: Final = 20
ROW: Final = (
    "id", "node", "desired", "enabled", "pinned", "preload", "idle_ttl_seconds", "state",
    "state_changed_at", "phase", "progress", "ready_at", "last_used_at", "reason", "reason_code",
    "advice", "retry_at", "n_failures", "n_restarts", "pid", "port",
)  # fmt: skip
RUN: Final = (
    "id", "argv", "build", "pid", "port", "started_at", "answered_at", "ready_at", "adopted_at",
    "ended_at", "exit_code", "signal", "reason", "reason_code", "advice", "last_lines", "memory",
    "plan",
)  # fmt: skip
CHANGED: Final = {202: EngineDetail, 403: Refused, 404: Refused, 409: Refused}


@engines_router.get("", response={200: EngineList, 422: Refused}, url_name="engines_list")
def list_engines(request: HttpRequest) -> HttpResponse:
    """All of them, at rest or not."""
    if request.GET:
        raise refuse_fields("query", dict.fromkeys(request.GET, "unknown; there is none"))
    engines = Engine.objects.select_related("llama_model")
    return dump({"engines": [_row(engine) for engine in engines]})


@engines_router.post(
    "",
    auth=StaffLogin("start engines"),
    response={202: EngineDetail, 403: Refused, 409: Refused, 422: Refused},
    url_name="engines",
)
def post_engine(request: HttpRequest, wanted: EngineRequest) -> HttpResponse:
    """Starts a model; one that runs already is left alone."""
    model = _one(LlamaModel, wanted.model, "model")
    preset = None if wanted.preset is None else _one(Preset, wanted.preset, "preset")
    with as_conflict(EngineRefused):
        engine = control.start(model, preset, request.user, force=wanted.force)
    return dump(_detail(engine), status=202)


@engines_router.get("plan/", response={200: MemoryPlan, 422: Refused}, url_name="engines_plan")
def get_plan(request: HttpRequest) -> HttpResponse:
    """Whether a model would fit with a preset (`?model=ID&preset=ID`), what would be stopped to
    make room, or what would make it fit. Starts nothing."""
    unknown = dict.fromkeys(request.GET.keys() - {"model", "preset"}, "unknown")
    if unknown:
        raise refuse_fields("query", unknown)
    model = _one(LlamaModel, _number(request, "model"), "model", "query")
    preset = None
    if request.GET.get("preset"):
        preset = _one(Preset, _number(request, "preset"), "preset", "query")
        if not preset.is_for(model):
            raise refuse_fields("query", {"preset": "is for another model"})
    return dump(plan_for(model, preset, exact=True))


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise refuse_fields("query", {name: f"the id of a {name}"})
    return int(text)


@engines_router.get("{engine_id}/", response={200: EngineDetail, 404: Refused}, url_name="engine")
def get_engine(request: HttpRequest, engine_id: int) -> HttpResponse:
    """With the latest lives of its process."""
    return dump(_detail(_engine_or_404(engine_id)))


@engines_router.patch(
    "{engine_id}/",
    auth=StaffLogin("change engines"),
    response={200: EngineDetail, 403: Refused, 404: Refused, 422: Refused},
    url_name="engine_patch",
)
def patch_engine(request: HttpRequest, engine_id: int, changes: EnginePatch) -> HttpResponse:
    """Changes enabled, pinned, preload, idle_ttl_seconds."""
    engine = _engine_or_404(engine_id)
    given = changes.dict(exclude_unset=True)
    wrong = {name: "true or false" for name in given if name != "idle_ttl_seconds"}
    wrong = {name: why for name, why in wrong.items() if given[name] is None}
    if wrong:
        raise refuse_fields("body", wrong)
    control.change(engine, given, request.user)
    return dump(_detail(engine))


@engines_router.post(
    "{engine_id}/start/",
    auth=StaffLogin("start engines"),
    response=CHANGED,
    url_name="engine_start",
)
def start_engine(request: HttpRequest, engine_id: int) -> HttpResponse:
    return _changed(request, engine_id, control.start_again)


@engines_router.post(
    "{engine_id}/stop/",
    auth=StaffLogin("stop engines"),
    response=CHANGED,
    url_name="engine_stop",
)
def stop_engine(request: HttpRequest, engine_id: int) -> HttpResponse:
    """Requests that are being answered get some time to end."""
    return _changed(request, engine_id, control.stop)


@engines_router.post(
    "{engine_id}/restart/",
    auth=StaffLogin("restart engines"),
    response=CHANGED,
    url_name="engine_restart",
)
def restart_engine(request: HttpRequest, engine_id: int) -> HttpResponse:
    return _changed(request, engine_id, control.restart)


def _changed(
    request: HttpRequest, engine_id: int, verb: Callable[[Engine, Any], object]
) -> HttpResponse:
    engine = _engine_or_404(engine_id)
    with as_conflict(EngineRefused):
        verb(engine, request.user)
    return dump(_detail(engine), status=202)


def _engine_or_404(engine_id: int) -> Engine:
    try:
        return Engine.objects.select_related("llama_model").get(pk=engine_id)
    except (Engine.DoesNotExist, OverflowError):
        raise Http404(f"There is no engine {engine_id}.") from None


def _one(kind: Any, pk: int, name: str, part: str = "body") -> Any:
    try:
        return kind.objects.get(pk=pk)
    except (kind.DoesNotExist, OverflowError):
        raise refuse_fields(part, {name: f"there is no {name} with the id {pk}"}) from None


def _row(engine: Engine) -> dict[str, Any]:
    return {
        **{name: getattr(engine, name) for name in ROW},
        "model": engine.llama_model_id,
        "model_name": engine.llama_model.name,
        "preset": engine.preset_id,
        "alias": engine.alias,
        "binary": engine.binary_id,
    }


def _detail(engine: Engine) -> dict[str, Any]:
    runs = EngineRun.objects.filter(engine=engine).values(*RUN)[:MOST_RUNS]
    shown = [run | {"argv": without_secrets(run["argv"])} for run in runs]
    return {**_row(engine), "runs": shown}
