"""The pages that belong to no app: login, health, errors."""

from __future__ import annotations

import logging
import secrets
import sys
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth import logout as end_session
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect, reswap

from agent_app.readiness import readiness
from llamadash import formats
from llamadash.busy import is_busy

logger = logging.getLogger(__name__)
THEMES: Final = ("auto", "light", "dark")
YEAR_SECONDS: Final = 365 * 24 * 3600


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
    facts["diagnostics"] = diagnostics(request, status)
    if request.headers.get("HX-Request") == "true":  # request.htmx may not be there yet
        # A message beside the page as it is: what the user sees and typed stays.
        response = render(request, "error.html#toast", facts, status=status)
        return reswap(response, "none")
    return render(request, "error.html", facts, status=status)


def diagnostics(request: HttpRequest, status: int) -> str:
    """For a report: lines that say when and where, and which line of the log belongs to it."""
    lines = [
        f"time: {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
        f"request: {request.method} {request.path}",  # no query: it may hold a token
        f"status: {status}",
    ]
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        reference = secrets.token_hex(6)
        logger.warning("request %s failed: %s %s", reference, request.method, request.path)
        lines.append(f"request id: {reference}")
    return "\n".join(lines)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if is_busy(exception):  # the session could not be saved
        return unavailable(request)
    if isinstance(exception, RequestDataTooBig):
        most = formats.grouped(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        text = f"What was sent is larger than {most} bytes, the most allowed."
        return error_page(request, 413, "Too large", text, "too_large")
    text = "The request could not be understood. Check the address and try again."
    if isinstance(exception, BadRequest) and exception.args:
        text = str(exception.args[0])  # raised by a view, in words for whoever asked
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
    if is_busy(sys.exc_info()[1]):  # wherever it was raised: in a view or in a middleware
        return unavailable(request)
    text = "Something failed here. It is in the log; trying again may help."
    return error_page(request, 500, "Something failed", text, "server_error")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    text = "The form was too old, or cookies are off. Go back, reload the page and send it again."
    return error_page(request, 403, "Form expired", text, "csrf")


def unavailable(request: HttpRequest) -> HttpResponse:
    """The writer lock was held for too long, the disk is full, or the database does not answer."""
    logger.warning("database busy: %s %s", request.method, request.path)
    changes = request.method not in ("GET", "HEAD")
    text = "The database cannot be used right now. Try again in a few seconds."
    if changes:
        text = "The database is busy: the change may not be saved. Try again in a few seconds."
    response = error_page(request, 503, "Busy", text, "busy")
    response.headers["Retry-After"] = "5"
    response._has_been_logged = True  # type: ignore[attr-defined]  # one line, not a traceback
    return response
