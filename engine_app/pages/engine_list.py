"""The list of engines."""

from __future__ import annotations

from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from engine_app.attached.rows import attached_rows
from engine_app.pages.engine_counts import counts
from engine_app.pages.engine_remedies import no_program
from engine_app.pages.engine_rows import engines, rows
from llamadash import perf
from models_app.models import LlamaModel
from models_app.pages.shared import is_partial, varies

ROWS: Final = 50
FEW: Final = 8  # of so many a search is no help


@require_safe
def engine_list(request: HttpRequest) -> HttpResponse:
    q = request.GET.get("q", "").replace("\0", "").strip()[:200]
    with perf.timed("engines.page_list"):
        context = _context(q, request.GET.get("page", "1"))
        part = "#list" if is_partial(request) else ""
        return varies(render(request, f"engine_app/engine_list.html{part}", context))


def _context(q: str, number: str) -> dict[str, Any]:
    page = Paginator(_matching(q), ROWS).get_page(number)
    counted = counts()
    return {
        "q": q,
        "page": page,
        "rows": rows(page),
        "counts": counted,
        "searches": bool(q) or counted["total"] > FEW,
        "here": _address(q, page.number),
        "before": _address(q, page.number - 1),
        "after": _address(q, page.number + 1),
        "no_program": no_program(),
        "attached": attached_rows(),
        "has_models": LlamaModel.objects.exists(),
    }


def _matching(q: str) -> Any:
    found = engines()
    for word in q.split()[:8]:
        found = found.filter(
            Q(llama_model__name__icontains=word)
            | Q(llama_model__path__icontains=word)
            | Q(preset__name__icontains=word)
        )
    return found


def _address(q: str, number: int) -> str:
    return urlencode({k: v for k, v in (("q", q), ("page", number if number > 1 else "")) if v})
