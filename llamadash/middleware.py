"""Django's middleware, declared synchronous.

A middleware that can do both makes Django cross between the event loop and a worker thread for
every link of the chain. With an all-synchronous chain the request goes to a thread once. Measured
under ASGI: half the CPU of a minimal request.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final

from axes.middleware import AxesMiddleware
from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware, LoginRequiredMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.gzip import GZipMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxMiddleware

from llamadash import perf
from settings_app import diagnostics

GetResponse = Callable[[HttpRequest], HttpResponseBase]
COMPRESS_FROM_BYTES: Final = 1024
COMPRESSED: Final = ("text/html", "application/json")
SLOW_STREAM_SECONDS: Final = 10.0
# Where the adjustable limit would tell of every call.
SLOW_SECONDS: Final = {"http.login": 2.0}  # hashing a password is slow on purpose


def synchronous(middleware: type) -> type:
    return type(middleware.__name__, (middleware,), {"async_capable": False})


security = synchronous(SecurityMiddleware)
csp = synchronous(CSPMiddleware)
sessions = synchronous(SessionMiddleware)
common = synchronous(CommonMiddleware)
csrf = synchronous(CsrfViewMiddleware)
authentication = synchronous(AuthenticationMiddleware)
messages = synchronous(MessageMiddleware)
clickjacking = synchronous(XFrameOptionsMiddleware)
htmx = synchronous(HtmxMiddleware)
axes = synchronous(AxesMiddleware)


class ServerError(Exception):
    """An answer of 5xx without an exception behind it."""


def timing(get_response: GetResponse) -> GetResponse:
    """Times every request under its route's name and says so in a Server-Timing header.

    An answer of 5xx is an error; a stream is timed to its end.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        diagnostics.keep_up()
        started = time.perf_counter()
        with perf.request_spans() as spans:
            response = get_response(request)
        seconds = time.perf_counter() - started
        response.headers["Server-Timing"] = perf.server_timing(seconds, spans)
        name = f"http.{route_name(request)}"
        if isinstance(response, StreamingHttpResponse):
            _time_stream(response, name, started)
        else:
            perf.monitor.record(name, seconds, _failure(request, response), SLOW_SECONDS.get(name))
        return response

    return middleware


def _failure(request: HttpRequest, response: HttpResponseBase) -> BaseException | None:
    if response.status_code < 500:
        return None
    failure: BaseException | None = request.__dict__.pop("failure", None)
    return failure or ServerError(str(response.status_code))


def _remember_failure(sender: object, request: HttpRequest | None = None, **_: Any) -> None:
    """Django turns an exception into an answer before any middleware sees it."""
    if request is not None:
        request.failure = sys.exc_info()[1]  # type: ignore[attr-defined]


got_request_exception.connect(_remember_failure, dispatch_uid="llamadash.timing")


def _time_stream(response: StreamingHttpResponse, name: str, started: float) -> None:
    """Until its last byte was taken, which a slow reader may put off."""
    content: Any = response.streaming_content

    def end(error: BaseException | None) -> None:
        perf.monitor.record(name, time.perf_counter() - started, error, SLOW_STREAM_SECONDS)

    def timed() -> Iterator[bytes]:
        try:
            yield from content
        except BaseException as error:
            end(error)
            raise
        end(None)

    async def timed_async() -> AsyncIterator[bytes]:
        try:
            async for chunk in content:
                yield chunk
        except BaseException as error:
            end(error)
            raise
        end(None)

    response.streaming_content = timed_async() if response.is_async else timed()


def route_name(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is None:
        return "unmatched"
    name = (match.view_name or "unnamed").replace(":", ".")
    return "admin" if name.startswith("admin.") else name


class ApiAwareLoginRequired(LoginRequiredMiddleware):
    """As Django's, but programs get 401 in the API's own form instead of a login page."""

    async_capable = False

    def handle_no_permission(  # type: ignore[override]  # Django names the redirect only
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        if request.path.startswith("/api/") and not request.path.startswith("/api/docs"):
            error = {"code": "not_logged_in", "message": "Log in first.", "detail": None}
            return JsonResponse({"error": error}, status=401)
        return super().handle_no_permission(request, view_func)


class CompressPages(GZipMiddleware):
    """Compresses HTML and JSON from a kilobyte on; measured: 0.6 ms of CPU for a page of 79 KB.

    Django pads each answer by a random length and draws the CSRF token anew each time, so that the
    size tells nothing (BREACH). A strong ETag becomes a weak one: the bytes are others.
    """

    async_capable = False

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> Any:
        if response.status_code == 304:
            patch_vary_headers(response, ("Accept-Encoding",))
        if not isinstance(response, HttpResponse) or len(response.content) < COMPRESS_FROM_BYTES:
            return response
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        return super().process_response(request, response) if kind in COMPRESSED else response
