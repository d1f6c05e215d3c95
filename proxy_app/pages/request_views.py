"""The pages of requests: what runs, what has ended, and one of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Exists, Max, OuterRef
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from engine_app.models import Engine
from engine_app.pages.engine_hues import hues
from llamadash import perf
from models_app.lists.exports import pulled
from models_app.models import LlamaModel
from models_app.pages.shared import back, is_partial, varies
from proxy_app import in_flight
from proxy_app.in_flight import InFlight
from proxy_app.models import ApiKey, RequestRecord
from proxy_app.pages.request_exports import FORMATS, export_name
from proxy_app.pages.request_look import RUNNING, axis, chip, look
from proxy_app.pages.request_rows import (
    model_hue,
    model_name,
    rows,
    running_rows,
    scale,
    why_unknown,
)
from proxy_app.pages.request_timeline import of_time, of_tokens, spans_of
from proxy_app.request_facts import columns
from proxy_app.request_query import (
    CLASSES,
    DIALECTS,
    PAGE_ROWS,
    RequestQuery,
    everything,
    neighbours,
    read,
    requests,
    turn,
    visible_to,
)
from settings_app.staff import staff_only

ENDED: Final = "requests-ended"  # the list asks again when it hears it
MOST_COUNTED: Final = 10_000  # beyond them a list says "more than"
RANGES: Final = (("1h", "Last hour", 1), ("24h", "Last 24 hours", 24), ("7d", "Last 7 days", 168))
OUTCOME_WORDS: Final = (
    ("done", "done"),
    ("failed", "failed"),
    ("client_gone", "client gone"),
    ("cancelled", "cancelled"),
)
WHOLE: Final = "an export holds all requests that match"


# ---------------------------------------------------------------- the list
@require_safe
def request_list(request: HttpRequest) -> HttpResponse:
    with perf.timed("requests.page_list"):
        given = request.GET.dict()
        hours = _hours(given.pop("range", ""))
        query, ignored = read(given)
        found = _since(query, hours)
        context = {"ignored": ignored, **_list(request, query, found, hours)}
        if is_partial(request):
            return varies(render(request, "proxy_app/request_list.html#list", context))
        context |= {**_filters(request, query), **_running(request), **_last_hour(request)}
        return varies(render(request, "proxy_app/request_list.html", context))


def _hours(text: str) -> int | None:
    return next((hours for key, _, hours in RANGES if key == text), None)


def _since(query: RequestQuery, hours: int | None) -> RequestQuery:
    """A range that ends now moves with the clock: it is no part of the question."""
    if hours is None:
        return query
    since = timezone.now() - timedelta(hours=hours)
    return replace(query, since=max(since, query.since) if query.since else since)


def _list(
    request: HttpRequest, query: RequestQuery, found: RequestQuery, hours: int | None
) -> dict[str, Any]:
    page = turn(found, request.user)
    end = scale(page.rows)
    chosen = next((key for key, _, each in RANGES if each == hours), "")

    def address(**changes: Any) -> str:
        parts = [f"range={chosen}" if chosen else "", query.address(**changes)]
        return "&".join(filter(None, parts))

    counted = len(page.rows)
    if page.older or page.newer:
        counted = requests(found, request.user)[: MOST_COUNTED + 1].count()
    return {
        "query": query,
        "range": chosen,
        "rows": rows(page.rows, end),
        "axis": axis(end),
        "total": min(counted, MOST_COUNTED),
        "is_more": counted > MOST_COUNTED,
        "is_filtered": query.is_filtered or bool(chosen),
        "is_first": query.cursor is None,
        "here": address(),
        "older": address(cursor=page.older) if page.older else "",
        "newer": address(cursor=page.newer) if page.newer else "",
        "export": found.address(cursor=None, limit=PAGE_ROWS),
    }


def _filters(request: HttpRequest, query: RequestQuery) -> dict[str, Any]:
    mine = visible_to(request.user)
    asked = LlamaModel.objects.filter(Exists(mine.filter(llama_model_id=OuterRef("pk"))))
    keys = ApiKey.objects.order_by("name") if request.user.is_staff else ApiKey.objects.none()
    return {
        "models": list(asked.order_by("name").values_list("id", "name")[:1000]),
        "keys": list(keys.values_list("id", "name")[:1000]),
        "outcomes": OUTCOME_WORDS,
        "classes": CLASSES,
        "dialects": DIALECTS,
        "ranges": [(key, words) for key, words, _ in RANGES],
    }


def _last_hour(request: HttpRequest) -> dict[str, int]:
    recent = visible_to(request.user).filter(started_at__gte=timezone.now() - timedelta(hours=1))
    return {
        "n_hour": recent.count(),
        "n_hour_failed": recent.filter(error_code__gt="").count(),
    }


# ---------------------------------------------------------------- what runs
@require_safe
def running_list(request: HttpRequest) -> HttpResponse:
    """The part of the page that is asked for again and again; it tells when the list is old."""
    context = _running(request)
    response = render(request, "proxy_app/request_list.html#running", context)
    seen = request.GET.get("newest", "")
    if seen and seen != str(context["newest"]):
        trigger_client_event(response, ENDED)
    response.headers["Cache-Control"] = "no-store"
    return response


def _running(request: HttpRequest) -> dict[str, Any]:
    newest = visible_to(request.user).aggregate(newest=Max("id"))["newest"]
    return {"running": running_rows(in_flight.visible_to(request.user)), "newest": newest or 0}


@require_POST
@staff_only("cancel requests")
def request_cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    is_cancelled = in_flight.cancel(public_id)
    if is_cancelled:
        messages.success(request, f"Request {public_id} was cancelled.")
    else:
        messages.error(request, f"Request {public_id} does not run here: it has ended.")
    if not is_partial(request):
        return back(request, "requests:list")
    return render(request, "_toasts.html", status=200 if is_cancelled else 409)


# ---------------------------------------------------------------- one request
@require_safe
def request_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    found = visible_to(request.user).select_related("llama_model", "capture")
    record = found.filter(public_id=public_id).first()
    if record is not None:
        return _answer(request, _ended(request, record))
    running = next(
        (each for each in in_flight.visible_to(request.user) if each.public_id == public_id), None
    )
    if running is not None:
        return _answer(request, _under_way(running))
    if is_partial(request):  # it has just ended, and its record is about to be written
        return HttpResponse(status=204)
    raise Http404(f"There is no request {public_id}.")


def _answer(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    part = "#request" if is_partial(request) else ""
    return varies(render(request, f"proxy_app/request_detail.html{part}", context))


def _ended(request: HttpRequest, record: RequestRecord) -> dict[str, Any]:
    newer, older = neighbours(record, request.user)
    return {
        "record": record,
        "public_id": record.public_id,
        "started_at": record.started_at,
        "chip": chip(look(record.error_code)),
        "hue": model_hue(record.llama_model_id, hues()),
        "model": model_name(record),
        "time": of_time(record),
        "spans": spans_of(record),
        "tokens": of_tokens(record),
        "engine_exists": Engine.objects.filter(pk=record.engine_id or 0).exists(),
        "why": why_unknown(record),
        "capture": getattr(record, "capture", None),
        "reread": _read_anew(record),
        "newer": newer,
        "older": older,
    }


def _read_anew(record: RequestRecord) -> int | None:
    """Tokens of the prompt that the engine's cache did not have; None where it does not say."""
    if record.prompt_tokens is None or record.cached_tokens is None:
        return None
    return max(0, record.prompt_tokens - record.cached_tokens)


def _under_way(seen: InFlight) -> dict[str, Any]:
    [row] = running_rows([seen])
    return {
        "running": row,
        "seen": seen,
        "public_id": seen.public_id,
        "started_at": seen.started_at,
        "chip": chip(RUNNING[seen.phase]),
    }


# ---------------------------------------------------------------- a file
@require_safe
def request_export(request: HttpRequest, form: str) -> HttpResponseBase:
    """The filtered set in full, streamed page by page. A wrong filter is refused: a file does not
    say what it was meant to hold."""
    if form not in FORMATS:
        raise Http404
    query, problems = read(request.GET.dict())
    problems |= {name: WHOLE for name in ("limit", "cursor") if name in request.GET}
    if problems:
        raise BadRequest(" ".join(f"{name}: {why}." for name, why in problems.items()))
    staff = request.user.is_staff
    write, content_type = FORMATS[form]
    lines = write(everything(query, request.user), columns(staff=staff), staff)
    # Django's two ways to serve each want their own kind of iterator, and warn about the other.
    stream = pulled(lines) if isinstance(request, ASGIRequest) else lines
    response = StreamingHttpResponse(stream, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{export_name(form)}"'
    return response
