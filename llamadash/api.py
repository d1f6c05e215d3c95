"""The management API: one NinjaAPI, one router from each app."""

from __future__ import annotations

from typing import Any, Final

import orjson
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.renderers import BaseRenderer
from ninja.security import django_auth


class OrjsonRenderer(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return orjson.dumps(data)


# Session login; django_auth also checks CSRF on every unsafe method.
api: Final = NinjaAPI(
    title="llamadash",
    version="1",
    description="Management of models, scans and this installation.",
    renderer=OrjsonRenderer(),
    auth=django_auth,
    docs_url=None,  # llamadash/api_docs.py draws it
    urls_namespace="api-1",
)

CODES: Final = {
    400: "bad_request",
    401: "not_logged_in",
    403: "forbidden",
    404: "not_found",
    405: "wrong_method",
    409: "conflict",
    422: "invalid",
    503: "busy",
}


def failure(request: HttpRequest, status: int, message: str, detail: Any = None) -> HttpResponse:
    error = {"code": CODES.get(status, "error"), "message": message, "detail": detail}
    return api.create_response(request, {"error": error}, status=status)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    detail = [
        {"where": list(map(str, each["loc"])), "message": each["msg"]} for each in error.errors
    ]
    return failure(request, 422, "Some fields are not valid.", detail)


@api.exception_handler(AuthenticationError)
def not_logged_in(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return failure(request, 401, "Log in first, or send an API key.")


@api.exception_handler(PermissionDenied)
def forbidden(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return failure(request, 403, str(error) or "Your account may not do this.")


@api.exception_handler(Http404)
def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return failure(request, 404, str(error) or "There is no such thing.")


@api.exception_handler(HttpError)
def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    return failure(request, error.status_code, str(error))


api.add_router("models/", "models_app.api.models_api.models_router")
api.add_router("scans/", "models_app.api.scans_api.scans_router")
api.add_router("system/", "llamadash.system.api.router")
