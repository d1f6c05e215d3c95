"""What all pages of the registry share: who may do what, where a form returns to."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

View = TypeVar("View", bound=Callable[..., HttpResponse])


def staff_only(what: str) -> Callable[[View], View]:
    """Refuses everybody else, and says which permission it takes."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_staff:
                raise PermissionDenied(f"Only administrators may {what}.")
            return view(request, *args, **kwargs)

        return cast("View", checked)

    return decorate


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
