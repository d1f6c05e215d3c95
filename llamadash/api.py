"""The management API: one NinjaAPI, one router from each app."""

from __future__ import annotations

from typing import Any, Final

import orjson
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import (
    AuthenticationError,
    HttpError,
    ValidationError,
    ValidationErrorContext,
)
from ninja.renderers import BaseRenderer
from ninja.security import django_auth

from llamadash import formats, perf


class OrjsonRenderer(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return orjson.dumps(data)


class ManagementAPI(NinjaAPI):
    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext[Any]]
    ) -> ValidationError:
        """As ninja's, less the name that our function has for a body: callers know fields only."""
        found = super().validation_error_from_error_contexts(error_contexts)
        for each in found.errors:
            if each["loc"][0] == "body":
                each["loc"] = ("body", *each["loc"][2:])
        return found


# Session login; django_auth also checks CSRF on every unsafe method.
api: Final = ManagementAPI(
    title="llamadash",
    version="1",
    description="Management of models, scans and this installation.",
    renderer=OrjsonRenderer(),
    auth=django_auth,
    docs_url=None,  # llamadash/api_docs.py draws it
    urls_namespace="api-1",
)

# What the handlers below make answers of.
perf.monitor.are_answers(ValidationError, AuthenticationError, PermissionDenied, Http404, HttpError)
CODES: Final = {
    400: "bad_request",
    401: "not_logged_in",
    403: "forbidden",
    404: "not_found",
    405: "wrong_method",
    409: "conflict",
    413: "too_large",
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
    return failure(request, 401, "Log in first.")


@api.exception_handler(PermissionDenied)
def forbidden(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return failure(request, 403, str(error) or "Your account may not do this.")


@api.exception_handler(RequestDataTooBig)
def too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    most = formats.grouped(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    return failure(request, 413, f"The body is larger than {most} bytes, the most allowed.")


@api.exception_handler(Http404)
def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return failure(request, 404, str(error) or "There is no such thing.")


@api.exception_handler(HttpError)
def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    return failure(request, error.status_code, str(error))


api.add_router("models/", "models_app.api.models_api.models_router")
api.add_router("scans/", "models_app.api.scans_api.scans_router")
api.add_router("metrics/", "metrics_app.api.metrics_router")
api.add_router("engines/", "engine_app.api.engines_api.engines_router")
api.add_router("attached/", "engine_app.api.attached_api.attached_router")
api.add_router("presets/", "engine_app.api.presets_api.presets_router")
api.add_router("virtual-models/", "proxy_app.api.routing_api.virtual_router")
api.add_router("profiles/", "proxy_app.api.routing_api.profiles_router")
api.add_router("rewrites/", "proxy_app.api.routing_api.rewrites_router")
api.add_router("requests/", "proxy_app.api.requests_api.requests_router")
api.add_router("keys/", "proxy_app.api.keys_api.keys_router")
api.add_router("logs/", "logs_app.api.logs_router")
api.add_router("system/", "llamadash.system.api.router")
