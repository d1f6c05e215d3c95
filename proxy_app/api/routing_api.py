"""The management API of what names mean and of what requests are made into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router
from ninja.errors import ValidationError

from models_app.api.api_schemas import Refused
from models_app.api.models_api import dump
from models_app.models import LlamaModel
from proxy_app import routing_editing
from proxy_app.api.routing_schemas import (
    Activation,
    ProfileGiven,
    ProfileList,
    ProfileRow,
    RewriteGiven,
    RewriteList,
    RewriteRow,
    VirtualGiven,
    VirtualList,
    VirtualRow,
)
from proxy_app.models import ModelRewrite, Profile, VirtualModel
from proxy_app.routing_editing import RoutingError
from settings_app.staff_login import StaffLogin

virtual_router: Final = Router(tags=["gateway"])
profiles_router: Final = Router(tags=["gateway"])
rewrites_router: Final = Router(tags=["gateway"])
REFUSALS: Final = {403: Refused, 404: Refused, 422: Refused}


@contextmanager
def _checked() -> Iterator[None]:
    try:
        yield
    except RoutingError as error:
        found = [{"loc": ("body", key), "msg": text} for key, text in error.problems.items()]
        raise ValidationError(found) from error


# ---------------------------------------------------------------- names of several models
@virtual_router.get("", response=VirtualList, url_name="virtual_models")
def list_virtual(request: HttpRequest) -> HttpResponse:
    """Names that stand for several models."""
    return dump({"virtual_models": [_virtual(row) for row in VirtualModel.objects.all()]})


@virtual_router.post(
    "",
    auth=StaffLogin("change the gateway"),
    response={201: VirtualRow, **REFUSALS},
    url_name="virtual_model_new",
)
def post_virtual(request: HttpRequest, given: VirtualGiven) -> HttpResponse:
    with _checked():
        row = routing_editing.save_virtual(None, given.name, given.members, given.how)
    return dump(_virtual(row), status=201)


@virtual_router.put(
    "{number}/",
    auth=StaffLogin("change the gateway"),
    response={200: VirtualRow, **REFUSALS},
    url_name="virtual_model",
)
def put_virtual(request: HttpRequest, number: int, given: VirtualGiven) -> HttpResponse:
    found = _or_404(VirtualModel, number)
    with _checked():
        row = routing_editing.save_virtual(found, given.name, given.members, given.how)
    return dump(_virtual(row))


@virtual_router.delete(
    "{number}/",
    auth=StaffLogin("change the gateway"),
    response={204: None, **REFUSALS},
    url_name="virtual_model_delete",
)
def delete_virtual(request: HttpRequest, number: int) -> HttpResponse:
    routing_editing.delete(_or_404(VirtualModel, number))
    return HttpResponse(status=204)


# ---------------------------------------------------------------- profiles
@profiles_router.get("", response=ProfileList, url_name="profiles")
def list_profiles(request: HttpRequest) -> HttpResponse:
    """Sets of names that mean other models while they are active."""
    rows = list(Profile.objects.all())
    active = next((row.pk for row in rows if row.is_active), None)
    return dump({"active": active, "profiles": [_profile(row) for row in rows]})


@profiles_router.post(
    "",
    auth=StaffLogin("change the gateway"),
    response={201: ProfileRow, **REFUSALS},
    url_name="profile_new",
)
def post_profile(request: HttpRequest, given: ProfileGiven) -> HttpResponse:
    with _checked():
        row = routing_editing.save_profile(None, given.name, given.description, given.pins)
    return dump(_profile(row), status=201)


@profiles_router.put(
    "active/",
    auth=StaffLogin("change the gateway"),
    response={200: ProfileList, **REFUSALS},
    url_name="profile_active",
)
def put_active(request: HttpRequest, given: Activation) -> HttpResponse:
    """One at a time, or none."""
    found = None if given.profile is None else _or_404(Profile, given.profile)
    routing_editing.activate(found)
    return list_profiles(request)


@profiles_router.put(
    "{number}/",
    auth=StaffLogin("change the gateway"),
    response={200: ProfileRow, **REFUSALS},
    url_name="profile",
)
def put_profile(request: HttpRequest, number: int, given: ProfileGiven) -> HttpResponse:
    found = _or_404(Profile, number)
    with _checked():
        row = routing_editing.save_profile(found, given.name, given.description, given.pins)
    return dump(_profile(row))


@profiles_router.delete(
    "{number}/",
    auth=StaffLogin("change the gateway"),
    response={204: None, **REFUSALS},
    url_name="profile_delete",
)
def delete_profile(request: HttpRequest, number: int) -> HttpResponse:
    routing_editing.delete(_or_404(Profile, number))
    return HttpResponse(status=204)


# ---------------------------------------------------------------- changes in requests
@rewrites_router.get("", response=RewriteList, url_name="rewrites")
def list_rewrites(request: HttpRequest) -> HttpResponse:
    """What is changed in requests, by model."""
    return dump({"rewrites": [_rewrite(row) for row in ModelRewrite.objects.order_by("id")]})


@rewrites_router.put(
    "{model_id}/",
    auth=StaffLogin("change the gateway"),
    response={200: RewriteRow, 204: None, **REFUSALS},
    url_name="rewrite",
)
def put_rewrite(request: HttpRequest, model_id: int, given: RewriteGiven) -> HttpResponse:
    """Replaces all of it. 204: nothing is changed for this model any more."""
    model = _or_404(LlamaModel, model_id)
    with _checked():
        row = routing_editing.save_rewrite(model, given.dict())
    return HttpResponse(status=204) if row is None else dump(_rewrite(row))


@rewrites_router.delete(
    "{model_id}/",
    auth=StaffLogin("change the gateway"),
    response={204: None, **REFUSALS},
    url_name="rewrite_delete",
)
def delete_rewrite(request: HttpRequest, model_id: int) -> HttpResponse:
    found = ModelRewrite.objects.filter(llama_model=model_id).first()
    if found is None:
        raise Http404("Nothing is changed for this model.")
    routing_editing.delete(found)
    return HttpResponse(status=204)


def _or_404(model: Any, number: int) -> Any:
    found = model.objects.filter(pk=number).first() if 0 <= number < 2**63 else None
    if found is None:
        raise Http404("There is no such thing.")
    return found


def _virtual(row: VirtualModel) -> dict[str, Any]:
    names = ("id", "name", "members", "how", "updated_at")
    return {name: getattr(row, name) for name in names}


def _profile(row: Profile) -> dict[str, Any]:
    names = ("id", "name", "description", "pins", "is_active", "updated_at")
    return {name: getattr(row, name) for name in names}


def _rewrite(row: ModelRewrite) -> dict[str, Any]:
    names = ("strip", "default", "set", "system_prefix", "max_tokens", "updated_at")
    return {"model": row.llama_model_id, **{name: getattr(row, name) for name in names}}
