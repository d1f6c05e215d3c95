"""The management API of keys: for the staff alone."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from ninja.errors import HttpError

from models_app.api.api_schemas import Refused
from models_app.api.models_api import dump, refuse_fields
from proxy_app import key_changing, key_making
from proxy_app.api.key_schemas import KeyList, KeyNew, KeyPatch, KeyRow, KeySecret
from proxy_app.key_making import KeyRefused
from proxy_app.models import ApiKey
from settings_app.staff_login import StaffLogin

keys_router: Final = Router(tags=["keys"], auth=StaffLogin("manage API keys"))
PLAIN: Final = (
    "name", "prefix", "scopes", "enabled", "expires_at", "limited", "requests_per_minute",
    "tokens_per_minute", "tokens_per_month", "max_running", "weight", "priority", "capture",
    "created_at", "last_used_at",
)  # fmt: skip
FOUND: Final = {403: Refused, 404: Refused}


@keys_router.get("", response={200: KeyList, 403: Refused, 422: Refused}, url_name="keys_list")
def list_keys(request: HttpRequest) -> HttpResponse:
    """All of them, by name."""
    if request.GET:
        raise refuse_fields("query", dict.fromkeys(request.GET, "unknown; there is none"))
    keys = ApiKey.objects.select_related("created_by").prefetch_related("llama_models")
    return dump({"keys": [_row(key) for key in keys]})


@keys_router.post("", response={201: KeySecret, 403: Refused, 422: Refused}, url_name="keys_new")
def post_key(request: HttpRequest, wanted: KeyNew) -> HttpResponse:
    """Makes a key. The answer alone holds it."""
    try:
        key, text = key_changing.make(_values(wanted), request.user)
    except KeyRefused as error:
        raise HttpError(422, str(error)) from error
    return _secret(key, text, status=201)


@keys_router.get("{key_id}/", response={200: KeyRow, **FOUND}, url_name="key")
def get_key(request: HttpRequest, key_id: int) -> HttpResponse:
    return dump(_row(_key_or_404(key_id)))


@keys_router.patch("{key_id}/", response={200: KeyRow, 422: Refused, **FOUND}, url_name="key_patch")
def patch_key(request: HttpRequest, key_id: int, changes: KeyPatch) -> HttpResponse:
    """Holds for the next request, within five seconds in every process."""
    key = _key_or_404(key_id)
    try:
        key_changing.change(key, _values(changes))
    except KeyRefused as error:
        raise HttpError(422, str(error)) from error
    return dump(_row(_key_or_404(key_id)))


@keys_router.post("{key_id}/revoke/", response={200: KeyRow, **FOUND}, url_name="key_revoke")
def revoke_key(request: HttpRequest, key_id: int) -> HttpResponse:
    """Its next request is refused."""
    key = _key_or_404(key_id)
    key_making.revoke(key)
    return dump(_row(key))


@keys_router.post("{key_id}/enable/", response={200: KeyRow, **FOUND}, url_name="key_enable")
def enable_key(request: HttpRequest, key_id: int) -> HttpResponse:
    """One that was revoked works again."""
    key = _key_or_404(key_id)
    key_changing.allow(key)
    return dump(_row(key))


@keys_router.post("{key_id}/rotate/", response={200: KeySecret, **FOUND}, url_name="key_rotate")
def rotate_key(request: HttpRequest, key_id: int) -> HttpResponse:
    """A new secret with the same limits; the old one is refused."""
    key = _key_or_404(key_id)
    return _secret(key, key_changing.rotate(key), status=200)


@keys_router.delete("{key_id}/", response={204: None, **FOUND}, url_name="key_delete")
def delete_key(request: HttpRequest, key_id: int) -> HttpResponse:
    """The records of what it asked stay."""
    key_changing.delete(_key_or_404(key_id))
    return HttpResponse(status=204)


def _values(given: KeyPatch) -> dict[str, Any]:
    values = given.dict(exclude_unset=True)
    expires_at = values.get("expires_at")
    if expires_at is not None and expires_at.tzinfo is None:
        values["expires_at"] = timezone.make_aware(expires_at, timezone.get_default_timezone())
    return values


def _key_or_404(key_id: int) -> ApiKey:
    try:
        return ApiKey.objects.select_related("created_by").get(pk=key_id)
    except (ApiKey.DoesNotExist, OverflowError):
        raise Http404(f"There is no key {key_id}.") from None


def _secret(key: ApiKey, text: str, status: int) -> HttpResponse:
    response = dump({**_row(key), "key": text}, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _row(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.pk,
        **{name: getattr(key, name) for name in PLAIN},
        "models": sorted(model.pk for model in key.llama_models.all()),
        "created_by": None if key.created_by is None else key.created_by.get_username(),
    }
