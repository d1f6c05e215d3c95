"""The lists: models, problems, exports."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from django.core.exceptions import BadRequest
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from llamadash import formats, perf
from models_app.editing import edit
from models_app.lists import list_rows
from models_app.lists.exports import COLUMNS, FORMATS, export_name, pulled
from models_app.lists.facets import counts, facets
from models_app.lists.known_sections import Section, section
from models_app.lists.listing import (
    CAPABILITIES,
    PAGE_ROWS,
    SORT_KEYS,
    ListQuery,
    Page,
    everything,
    models,
    read,
    turn,
)
from models_app.lists.marks import Marks, marks
from models_app.memory.drawing import ruler
from models_app.memory.room import Room, room
from models_app.models import LlamaModel, ModelFile, RegistryVersion, ScanRun
from models_app.options import MEMORY_CONTEXT
from models_app.pages import scan_words
from models_app.pages.fact_lines import CAPABILITY_WORDS
from models_app.pages.problems import what_to_do
from models_app.pages.shared import back, is_partial, varies
from settings_app.staff import staff_only

HEADS: Final = (
    # sort key, words, classes
    ("name", "Model", ""),
    ("", "State", ""),
    ("kind", "Kind", "p3"),
    ("arch", "Architecture", "p4"),
    ("params", "Parameters", "num p3"),
    ("quant", "Quantization", "p2"),
    ("size", "Size", "num p2"),
    ("context", "Context trained", "num p4"),
    ("memory", "Memory needed", ""),
    ("", "Fits", ""),
    ("added", "Added", "p3"),
)
LEAST_PARAMETERS: Final = tuple(n * 10**9 for n in (1, 3, 7, 13, 30, 70))
LEAST_CONTEXT: Final = (8192, 32_768, 131_072)
WHOLE: Final = "an export holds all models that match"
MOST_ERRORS: Final = 20  # of the last scan, shown above the list
PROBLEM_HEADS: Final = (
    ("name", "Model", ""),
    ("state", "Problem", ""),
    ("", "Why, and what to do", ""),
    ("size", "Size", "num p2"),
)


def registry(version: str | None = None) -> dict[str, Any]:
    """The tabs, the head and the scan bar of every registry page."""
    version = version or RegistryVersion.current()
    scan = open_scan()
    latest = None if scan else ScanRun.objects.ended().order_by("-id").first()
    return {
        "counts": counts(version),
        "scan": scan,
        "latest_scan": latest,
        "latest_result": scan_words.result(latest) if latest else "",
        "scan_errors": scan_words.errors(latest)[:MOST_ERRORS] if latest else [],
    }


def open_scan() -> ScanRun | None:
    """The one that runs, else the one that waits longest."""
    return ScanRun.objects.open().order_by("-state", "id").first()


def heads(query: ListQuery, given: tuple[tuple[str, str, str], ...]) -> list[dict[str, str]]:
    """Column heads; a click sorts by the column, a second one turns it round."""
    found = []
    for key, words, classes in given:
        head = {"words": words, "classes": classes, "sort": "", "aria": "", "key": key}
        if key:
            first = f"-{key}" if SORT_KEYS[key].biggest_first else key
            head["sort"] = first
            if query.sort.removeprefix("-") == key:
                head["aria"] = "descending" if query.descending else "ascending"
                head["sort"] = key if query.descending else f"-{key}"
            head["address"] = query.address(sort="name", cursor=None)
        found.append(head)
    return found


@require_safe
def model_list(request: HttpRequest) -> HttpResponse:
    query, ignored = read(request.GET.dict())
    query = replace(query, state="usable", limit=PAGE_ROWS)
    version = RegistryVersion.current()
    here = room()
    staff = request.user.is_staff
    with perf.timed("models.page_list"):
        known_marks = marks()
        shown = frozenset(known_marks.items())
        key = (version, query, here, MEMORY_CONTEXT.get(), staff, shown)
        drawn = section(key, lambda: _draw(query, version, here, known_marks, staff=staff))
    known = counts(version)
    context: dict[str, Any] = {
        "query": query,
        "section": drawn,
        "of": known.usable + (known.hidden if query.hidden else 0),
    }
    if is_partial(request):
        response = render(request, "models_app/_list_answer.html", context)
        if not request.headers.get("HX-Source", "").endswith("#list"):  # it asks itself anew
            response.headers["HX-Push-Url"] = _address(query)
        return varies(response)
    context |= {"ignored": ignored, **filters(query, version, here), **registry(version)}
    return varies(render(request, "models_app/list.html", context))


def filters(query: ListQuery, version: str, here: Room) -> dict[str, Any]:
    """The choices above the list."""
    return {
        "query": query,
        "facets": facets(version, "usable"),
        "places": [(place, here.words(place)) for place in here.possible()],
        "capabilities": [(word, CAPABILITY_WORDS[word]) for word in CAPABILITIES],
        "least_parameters": _steps(LEAST_PARAMETERS, query.min_params, formats.count),
        "least_context": _steps(LEAST_CONTEXT, query.min_context, formats.grouped),
    }


def _steps(
    steps: tuple[int, ...], chosen: int | None, words: Callable[[int], str]
) -> list[tuple[int, str]]:
    """With the one that an address asks for, whatever it is."""
    found = sorted({*steps, *([chosen] if chosen else [])})
    return [(step, words(step)) for step in found]


def _address(query: ListQuery) -> str:
    parameters = query.address()
    path = reverse("models_app:list")
    return f"{path}?{parameters}" if parameters else path


def _draw(query: ListQuery, version: str, here: Room, known: Marks, *, staff: bool) -> Section:
    page = turn(query, list_rows.COLUMNS)
    scale = ruler(here)
    context = {
        "query": query,
        "rows": list_rows.rows(page.rows, here, scale, known),
        "ruler": scale,
        "heads": heads(query, HEADS),
        "counts": counts(version),
        "pages": _pages(query, page),
        "export": query.address(cursor=None),
        "here": query.address(),
        "star_url": reverse("models_app:favourite"),
        "staff": staff,
    }
    total = models(query).count() if page.next or page.previous else len(page.rows)
    return Section(render_to_string("models_app/_list.html", context), total)


def _pages(query: ListQuery, page: Page) -> dict[str, str]:
    """The addresses of the pages to both sides, as far as there are any."""
    sides = {"previous": page.previous, "next": page.next}
    return {side: query.address(cursor=cursor) for side, cursor in sides.items() if cursor}


@require_safe
def problem_list(request: HttpRequest) -> HttpResponse:
    query, ignored = read(request.GET.dict())
    query = replace(query, state="problems", limit=PAGE_ROWS)
    columns = ("id", "name", "path", "state", "reason", "size_bytes", "missing_since")
    page = turn(query, columns)
    kinds = _error_kinds([row["id"] for row in page.rows])
    for row in page.rows:
        row["word"] = list_rows.STATE_WORDS.get(row["state"], row["state"])
        row["to_do"] = what_to_do(row["state"], kinds.get(row["id"], ""))
    context = {
        "query": query,
        "rows": page.rows,
        "heads": heads(query, PROBLEM_HEADS),
        "pages": _pages(query, page),
        "total": models(query).count(),
        "ignored": ignored,
        **registry(),
    }
    part = "#problems" if is_partial(request) else ""
    return varies(render(request, f"models_app/problems.html{part}", context))


def _error_kinds(ids: list[int]) -> dict[int, str]:
    files = ModelFile.objects.filter(llama_model_id__in=ids).exclude(error_kind="")
    return dict(files.values_list("llama_model_id", "error_kind"))


@require_safe
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    """The filtered set in full, streamed page by page. A wrong filter is refused: a file does not
    say what it was meant to hold."""
    if form not in FORMATS:
        raise Http404
    query, problems = read(request.GET.dict())
    problems |= {name: WHOLE for name in ("limit", "cursor") if name in request.GET}
    if problems:
        raise BadRequest(" ".join(f"{name}: {why}." for name, why in problems.items()))
    write, content_type = FORMATS[form]
    lines = write(everything(query, COLUMNS))
    # Django's two ways to serve each want their own kind of iterator, and warn about the other.
    stream = pulled(lines) if isinstance(request, ASGIRequest) else lines
    response = StreamingHttpResponse(stream, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{export_name(form)}"'
    return response


@require_POST
@staff_only("mark favourites")
def favourite(request: HttpRequest) -> HttpResponse:
    """`favourite` is `12:1`: the model's id, and whether it is to be one."""
    given = re.fullmatch(r"(\d{1,18}):([01])", request.POST.get("favourite", ""), re.ASCII)
    if given is None:
        raise Http404
    model = get_object_or_404(LlamaModel, pk=int(given[1]))
    model = edit(model.pk, {"favourite": given[2] == "1"})
    if is_partial(request):
        return render(request, "models_app/_star.html", {"row": model, "staff": True})
    return back(request, "models_app:list")
