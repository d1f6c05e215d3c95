"""The pages that belong to no app: home, login, health, errors."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.contrib.auth import logout as end_session
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect, reswap

from agent_app.readiness import readiness
from llamadash.setup.folder import SKIPPED
from models_app.models import ModelRoot

THEMES: Final = ("auto", "light", "dark")
YEAR_SECONDS: Final = 365 * 24 * 3600


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The models, or the step of the setup that is next for whoever can take it."""
    may_set_up = request.user.is_staff and not request.session.get(SKIPPED)
    if may_set_up and not ModelRoot.objects.exists():
        return redirect("setup:folder")
    return redirect("models_app:list")


class Login(LoginView):
    template_name = "registration/login.html"
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not get_user_model().objects.exists():
            return redirect("setup:account")
        if request.htmx:  # type: ignore[attr-defined]
            return HttpResponseClientRedirect(self.back_to_here(request))
        return super().dispatch(request, *args, **kwargs)

    @staticmethod
    def back_to_here(request: HttpRequest) -> str:
        """The session ended while a page was open: log in, then that page, not the fragment."""
        here = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
        return reverse("login") + "?" + urlencode({"next": here})


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    end_session(request)
    return redirect("login")


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keeps the chosen theme in a cookie, so that the server draws the page in it at once."""
    chosen = request.POST.get("theme", "auto")
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        back = "/"
    response = HttpResponse(status=204) if request.htmx else HttpResponseRedirect(back)  # type: ignore[attr-defined]
    response.set_cookie(
        "theme",
        chosen if chosen in THEMES else "auto",
        max_age=YEAR_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


@login_not_required
@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_GET
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether this process can serve: database, agent, disk. Names no path and no version."""
    checks = readiness()
    ready = all(check.ok for check in checks)
    body = {"ready": ready, "checks": {check.name: check.word for check in checks}}
    return JsonResponse(body, status=200 if ready else 503)


# ---------------------------------------------------------------- errors
def error_page(request: HttpRequest, status: int, title: str, text: str, code: str) -> HttpResponse:
    """A page for people, JSON for the API. Says nothing of paths or code."""
    if request.path.startswith("/api/"):
        error = {"code": code, "message": text, "detail": None}
        return JsonResponse({"error": error}, status=status)
    facts = {"title": title, "text": text, "status": status}
    if getattr(request, "htmx", False):
        # A message beside the page as it is: what the user sees and typed stays.
        response = render(request, "error.html#toast", facts, status=status)
        return reswap(response, "none")
    return render(request, "error.html", facts, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = "The request could not be understood. Check the address and try again."
    return error_page(request, 400, "Bad request", text, "bad_request")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    said = exception.args[0] if exception is not None and exception.args else None
    default = "Your account may not do this. An administrator can change that."
    text = said if isinstance(said, str) and said else default
    return error_page(request, 403, "Not allowed", text, "forbidden")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = "There is nothing at this address. It may have been removed."
    return error_page(request, 404, "Not found", text, "not_found")


def server_error(request: HttpRequest) -> HttpResponse:
    text = "Something failed here. It is in the log; trying again may help."
    return error_page(request, 500, "Something failed", text, "server_error")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    text = "The form was too old, or cookies are off. Go back, reload the page and send it again."
    return error_page(request, 403, "Form expired", text, "csrf")


def database_is_busy(error: DatabaseError) -> bool:
    """Whether trying again may help: the writer lock was taken for too long."""
    cause = error.__cause__
    return isinstance(cause, sqlite3.OperationalError) and "locked" in str(cause)


def unavailable(request: HttpRequest) -> HttpResponse:
    text = "The database is busy and nothing was changed. Try again in a few seconds."
    response = error_page(request, 503, "Busy", text, "busy")
    response.headers["Retry-After"] = "5"
    return response
