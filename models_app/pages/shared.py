"""What all pages of the registry share: whole or part, where a form returns to."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme


def is_partial(request: HttpRequest) -> bool:
    """Asked by htmx for a part of the page; after "back" it asks for all of it."""
    htmx: Any = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request and not htmx.boosted


def varies(response: HttpResponse) -> HttpResponse:
    """One address, two answers: caches must not give a part for the page."""
    patch_vary_headers(response, ["HX-Request"])
    return response


def back(request: HttpRequest, otherwise: str, *args: Any) -> HttpResponse:
    """To where the form says it stood, if that is here."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        target = resolve_url(otherwise, *args)
    return redirect(target)
