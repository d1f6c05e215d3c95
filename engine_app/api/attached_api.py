"""The management API of attached servers. Their states are what was seen of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router
from ninja.errors import HttpError

from engine_app.api.attached_schemas import (
    AttachedDetail,
    AttachedList,
    AttachedNew,
    AttachedPatch,
    ModelOrder,
)
from engine_app.api.refusals import as_conflict
from engine_app.attached import control, keys
from engine_app.attached.checking import check
from engine_app.attached.control import AttachRefused, OrderRefused, Wanted
from engine_app.models import AttachedModel, AttachedServer, ServerState
from models_app.api.api_schemas import Refused
from models_app.api.models_api import dump, refuse_fields
from settings_app.staff_login import StaffLogin

attached_router: Final = Router(tags=["attached servers"])
ROW: Final = (
    "id", "name", "node", "enabled", "managed", "role", "state", "state_changed_at", "reason",
    "build", "most_loaded", "loads_by_itself", "n_slots", "n_left_out", "last_seen_at",
    "checked_at", "created_at",
)  # fmt: skip
MODEL: Final = (
    "id", "aliases", "state", "progress", "exit_code", "args", "path", "context", "size_bytes",
    "modalities", "updated_at",
)  # fmt: skip
REFUSALS: Final = {403: Refused, 404: Refused, 409: Refused, 422: Refused}


@attached_router.get("", response={200: AttachedList, 422: Refused}, url_name="attached_list")
def list_attached(request: HttpRequest) -> HttpResponse:
    """All of them, without their models."""
    if request.GET:
        raise refuse_fields("query", dict.fromkeys(request.GET, "unknown; there is none"))
    return dump({"servers": [_row(server) for server in AttachedServer.objects.all()]})


@attached_router.post(
    "",
    auth=StaffLogin("attach servers"),
    response={201: AttachedDetail, 403: Refused, 409: Refused, 422: Refused},
    url_name="attached_new",
)
def post_attached(request: HttpRequest, given: AttachedNew) -> HttpResponse:
    """Looks at the server first: one that does not answer as a llama-server is a conflict."""
    try:
        wanted = control.wanted(given.name, given.url, given.key.strip(), enabled=given.enabled)
        _look(wanted, wanted.key or "", given.anyway)
        server = control.attach(wanted, request.user)
    except AttachRefused as error:
        raise _refused(error) from error
    return dump(_detail(server), status=201)


@attached_router.get(
    "{server_id}/", response={200: AttachedDetail, 404: Refused}, url_name="attached"
)
def get_attached(request: HttpRequest, server_id: int) -> HttpResponse:
    """With its models."""
    return dump(_detail(_server_or_404(server_id)))


@attached_router.patch(
    "{server_id}/",
    auth=StaffLogin("change attached servers"),
    response={200: AttachedDetail, **REFUSALS},
    url_name="attached_patch",
)
def patch_attached(request: HttpRequest, server_id: int, changes: AttachedPatch) -> HttpResponse:
    """Looks at the server first, unless it is switched off."""
    server = _server_or_404(server_id)
    try:
        wanted = control.wanted(
            server.name if changes.name is None else changes.name,
            str(server.address) if changes.url is None else changes.url,
            None if changes.key is None else changes.key.strip(),
            enabled=server.enabled if changes.enabled is None else changes.enabled,
            server=server,
        )
        key = keys.key_of(server.pk) if wanted.key is None else wanted.key
        _look(wanted, key, changes.anyway)
        control.change(server, wanted, request.user)
    except AttachRefused as error:
        raise _refused(error) from error
    return dump(_detail(server))


@attached_router.delete(
    "{server_id}/",
    auth=StaffLogin("detach servers"),
    response={204: None, 403: Refused, 404: Refused, 409: Refused},
    url_name="attached_delete",
)
def delete_attached(request: HttpRequest, server_id: int) -> HttpResponse:
    """Forgets it and its key. The server itself runs on."""
    with as_conflict(AttachRefused):
        control.detach(_server_or_404(server_id), request.user)
    return HttpResponse(status=204)


@attached_router.post(
    "{server_id}/models/load/",
    auth=StaffLogin("load models"),
    response={202: AttachedDetail, **REFUSALS},
    url_name="attached_load",
)
def load_attached(request: HttpRequest, server_id: int, order: ModelOrder) -> HttpResponse:
    """The router begins to load it; its state says how far it is."""
    return _ordered(request, server_id, order, control.load)


@attached_router.post(
    "{server_id}/models/unload/",
    auth=StaffLogin("unload models"),
    response={202: AttachedDetail, **REFUSALS},
    url_name="attached_unload",
)
def unload_attached(request: HttpRequest, server_id: int, order: ModelOrder) -> HttpResponse:
    return _ordered(request, server_id, order, control.unload)


def _ordered(
    request: HttpRequest,
    server_id: int,
    order: ModelOrder,
    verb: Callable[[AttachedServer, str, Any], None],
) -> HttpResponse:
    server = _server_or_404(server_id)
    with as_conflict(OrderRefused):
        verb(server, order.model, request.user)
    return dump(_detail(server), status=202)


def _look(wanted: Wanted, key: str, anyway: bool) -> None:
    """Raises HttpError 409 with what is wrong."""
    if not wanted.enabled:
        return
    seen = check(wanted.address, key)
    if seen.is_reachable or (anyway and seen.state == ServerState.UNREACHABLE):
        return
    raise HttpError(409, seen.reason)


def _server_or_404(server_id: int) -> AttachedServer:
    try:
        return AttachedServer.objects.get(pk=server_id)
    except (AttachedServer.DoesNotExist, OverflowError):
        raise Http404(f"There is no attached server {server_id}.") from None


def _refused(error: AttachRefused) -> Exception:
    if "" in error.problems:
        return HttpError(409, str(error))
    return refuse_fields("body", error.problems)


def _row(server: AttachedServer) -> dict[str, Any]:
    return {
        **{name: getattr(server, name) for name in ROW},
        "url": str(server.address),
        "has_key": keys.has_key(server.pk),
    }


def _detail(server: AttachedServer) -> dict[str, Any]:
    models = AttachedModel.objects.filter(server=server)
    return {**_row(server), "models": [_model(model) for model in models]}


def _model(model: AttachedModel) -> dict[str, Any]:
    return {
        **{name: getattr(model, name) for name in MODEL},
        "model": model.model_id,
        "registered": model.llama_model_id,
    }
