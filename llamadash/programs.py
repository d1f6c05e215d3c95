"""What programs may rely on at every address: HEAD, and JSON for each refusal of the API."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase, HttpResponseNotAllowed

from llamadash import views

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def head_is_get(get_response: GetResponse) -> GetResponse:
    """HEAD is answered as GET is; the web server leaves the body out."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.method != "HEAD":
            return get_response(request)
        request.method = "GET"
        try:
            return get_response(request)
        finally:
            request.method = "HEAD"

    return middleware


def wrong_method(get_response: GetResponse) -> GetResponse:
    """The API's router answers a wrong method in plain text; here it gets the API's own form."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not (request.path.startswith("/api/") and isinstance(response, HttpResponseNotAllowed)):
            return response
        allowed = response.headers["Allow"]
        text = f"{request.method} is not possible here, only {allowed}."
        answer = views.error_page(request, 405, "Wrong method", text, "wrong_method")
        answer.headers["Allow"] = allowed
        return answer

    return middleware
