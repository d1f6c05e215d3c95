"""One attached server: what it is, and what its models do."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from engine_app.attached import keys
from engine_app.attached.charts import plots_of
from engine_app.attached.look import model_chip, server_chip
from engine_app.attached.rows import attached_rows
from engine_app.models import AttachedModel, AttachedServer, ModelState, Role
from engine_app.pages.attached_answers import server_or_404
from engine_app.pages.engine_detail import CHART_RANGE, RANGE_WORDS
from metrics_app.core.labelled import clean
from metrics_app.live_values import live_value
from metrics_app.pages.addresses import State
from metrics_app.pages.ranges import relative
from metrics_app.query import latest
from models_app.pages.shared import is_partial, varies

ROWS: Final = 50
SEARCHED_FROM: Final = 10  # models
BUSY_FIRST: Final = Case(
    When(state__in=(ModelState.LOADED, ModelState.LOADING, ModelState.SLEEPING), then=Value(0)),
    When(state=ModelState.FAILED, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class Row:
    model: AttachedModel
    chip: SafeString
    speed: SafeString | None  # of one that is loaded
    busy: SafeString | None


@require_safe
def attached_list(request: HttpRequest) -> HttpResponse:
    """The part of the list of engines that shows attached servers; it has no page of its own."""
    if not is_partial(request):
        return redirect("engines:list")
    context = {"attached": attached_rows()}
    return varies(render(request, "engine_app/_attached_rows.html#rows", context))


@require_safe
def attached_detail(request: HttpRequest, server_id: int) -> HttpResponse:
    server = server_or_404(server_id)
    q = request.GET.get("q", "").replace("\0", "").strip()[:200]
    page = Paginator(_models(server, q), ROWS).get_page(request.GET.get("page"))
    values = latest().values
    total = server.models.count()
    context: dict[str, Any] = {
        "server": server,
        "chip": server_chip(server),
        "is_router": server.role == Role.ROUTER,
        "has_key": keys.has_key(server.pk),
        "is_open": server.scheme == "http" and not server.address.is_this_machine,
        "rows": [_row(server, model, values) for model in page],
        "page": page,
        "q": q,
        "here": _query(q, page.number),
        "before": _query(q, page.number - 1),
        "after": _query(q, page.number + 1),
        "total": total,
        "searches": bool(q) or total >= SEARCHED_FROM,
        "n_in_memory": server.models.filter(
            state__in=(ModelState.LOADED, ModelState.SLEEPING)
        ).count(),
    }
    part = "#now" if is_partial(request) else ""
    if not part:
        context |= _figures(server)
    return varies(render(request, f"engine_app/attached_detail.html{part}", context))


def _figures(server: AttachedServer) -> dict[str, Any]:
    now = time.time()
    state = State(relative(CHART_RANGE, now))
    return {"plots": plots_of(server, state, now), "state": state, "range_words": RANGE_WORDS}


def _models(server: AttachedServer, q: str) -> QuerySet[AttachedModel]:
    found = server.models.select_related("llama_model").defer("args", "llama_model__facts")
    for word in q.split()[:8]:
        found = found.filter(Q(model_id__icontains=word) | Q(aliases__icontains=word))
    return found.annotate(rest=BUSY_FIRST).order_by("rest", "model_id")


def _row(server: AttachedServer, model: AttachedModel, values: Mapping[str, float | None]) -> Row:
    speed = busy = None
    if model.state == ModelState.LOADED:
        label = clean(model.model_id)
        key = f"{server.source}/tokens_per_second/{label}"
        said = f"{model.model_id} tok/s"
        speed = live_value(key, "per_second", values.get(key), label=said, part="number")
        key = f"{server.source}/requests_processing/{label}"
        busy = live_value(key, "count", values.get(key), label=f"{model.model_id} requests")
    return Row(model, model_chip(model), speed, busy)


def _query(q: str, number: int) -> str:
    return urlencode({k: v for k, v in (("q", q), ("page", number if number > 1 else "")) if v})
