from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import BadRequest
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from logs_app import asking, history, options, reading
from logs_app.asking import Question
from logs_app.core.sources import APP
from logs_app.feed import topic_of
from logs_app.names import names
from logs_app.pages import exports, shown
from logs_app.reading import ALL, LogPage
from logs_app.regex import RegexError

LEVELS = (
    ("", "Any level"),
    ("info", "info and above"),
    ("warning", "warnings and errors"),
    ("error", "errors"),
)


@require_safe
def logs(request: HttpRequest) -> HttpResponse:
    staff = request.user.is_staff
    known = reading.sources(staff)
    first = APP if APP in known else ALL
    asked = asking.read({name: str(value) for name, value in request.GET.items()}, first)
    question = asked.question
    if question.source not in (ALL, *known) and question.source != APP:
        raise Http404("There is no log of this name.")
    if not asking.may_read(question.source, staff):
        raise Http404("There is no log of this name.")
    context = _context(question, known, staff)
    context["ignored"] = {name: f"{why}." for name, why in asked.problems.items()}
    part = "#logs" if _is_partial(request) else ""
    response = render(request, f"logs_app/logs.html{part}", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _context(question: Question, known: list[str], staff: bool) -> dict[str, Any]:
    called = names([*known, APP])
    problem, page = "", LogPage([], None, None, 0)
    try:
        page = asking.answer(question, staff)
    except RegexError as error:
        problem = str(error)
    label = "All sources" if question.source == ALL else called[question.source].label
    return {
        "question": question,
        "page": page,
        "problem": problem,
        "chunks": shown.chunks(page.rows, question, called),
        "label": label,
        "tabs": [(source, called[source]) for source in known],
        "levels": LEVELS,
        "is_end": page.newer is None and not problem,
        "topic": "" if question.source == ALL else topic_of(question.source),
        "kept": sum(history.stored_bytes(source) for source in known),
        "days": options.DAYS.get(),
        "first_at": moment(page.rows[0].at) if page.rows else None,
        "last_at": moment(page.rows[-1].at) if page.rows else None,
        "older": question.address(before=page.older, after=None, line=None),
        "newer": question.address(after=page.newer, before=None, line=None),
        "newest": question.address(before=None, after=None, line=None),
    }


def moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)


def _is_partial(request: HttpRequest) -> bool:
    """Asked by htmx for a part of the page; after "back" it asks for all of it."""
    htmx: Any = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request and not htmx.boosted


@require_safe
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    """All lines that match. A wrong filter is refused, and a place among the lines: a file does not
    say what it was to hold."""
    if form not in exports.FORMATS:
        raise Http404
    staff = request.user.is_staff
    asked = asking.read({name: str(value) for name, value in request.GET.items()})
    question = asked.question
    places = [name for name in exports.NOT_ASKED if request.GET.get(name)]
    asked.problems |= dict.fromkeys(places, "is not asked of a file: it holds all lines")
    if asked.problems:
        raise BadRequest(" ".join(f"{name} {why}." for name, why in asked.problems.items()))
    if question.source != ALL and question.source not in reading.sources(staff):
        raise Http404("There is no log of this name.")
    write, content_type = exports.FORMATS[form]
    found = exports.lines(question, staff, write)
    # Django's two ways to serve each want their own kind of iterator, and warn about the other.
    stream = exports.pulled(found) if isinstance(request, ASGIRequest) else found
    response = StreamingHttpResponse(stream, content_type=content_type)
    name = exports.export_name(question, form)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
