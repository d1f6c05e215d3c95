"""The management API of figures over time.

Answers are plain dictionaries written by orjson; the schemas are for the documentation.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router
from ninja.errors import ValidationError

from metrics_app.api_schemas import LatestAnswer, QueryAnswer, Refused, SeriesList
from metrics_app.asked import (
    DEFAULT_POINTS,
    LEAST_POINTS,
    MOST_POINTS,
    NUMBER,
    QueryError,
    UnknownSeries,
)
from metrics_app.query import known_series, latest, query

metrics_router: Final = Router(tags=["metrics"])


@metrics_router.get(
    "series/",
    response={200: SeriesList, 422: Refused},
    openapi_extra={
        "parameters": [
            {"in": "query", "name": "source", "schema": {"type": "string"}},
        ]
    },
    url_name="metrics_series",
)
def list_series(request: HttpRequest) -> HttpResponse:
    """Everything there are figures of. `kept` is false for what only the last hour has."""
    refuse_others(request, single={"source"})
    source = request.GET.get("source")
    # PostgreSQL takes no NUL; nothing has such a name.
    found = [] if source is not None and "\0" in source else known_series(source)
    rows = [
        {
            "key": metric.key,
            "source": metric.source,
            "name": metric.name,
            "label": metric.label,
            "unit": metric.unit,
            "kept": metric.kept,
        }
        for metric in found
    ]
    return dump({"series": rows})


@metrics_router.get(
    "query/",
    response={200: QueryAnswer, 404: Refused, 422: Refused},
    openapi_extra={
        "parameters": [
            {
                "in": "query",
                "name": "series",
                "required": True,
                "description": "A key; up to 64 of them.",
                "schema": {"type": "array", "items": {"type": "string"}},
            },
            {
                "in": "query",
                "name": "start",
                "required": True,
                "description": "Unix seconds, or ISO 8601 (UTC unless it says otherwise).",
                "schema": {"type": "string"},
            },
            {
                "in": "query",
                "name": "end",
                "description": "The same; now, if it is left out.",
                "schema": {"type": "string"},
            },
            {
                "in": "query",
                "name": "points",
                "schema": {
                    "type": "integer",
                    "minimum": LEAST_POINTS,
                    "maximum": MOST_POINTS,
                    "default": DEFAULT_POINTS,
                },
            },
        ]
    },
    url_name="metrics_query",
)
def get_query(request: HttpRequest) -> HttpResponse:
    """Average, minimum and maximum of each series over a range; null where nothing was recorded."""
    refuse_others(request, single={"start", "end", "points"}, several={"series"})
    now = time.time()
    start = moment(request, "start", None)
    end = moment(request, "end", now)
    points = whole(request, "points", DEFAULT_POINTS)
    try:
        answer = query(request.GET.getlist("series"), start, end, points, now)
    except UnknownSeries as error:
        raise Http404(str(error)) from None
    except QueryError as error:
        raise refused({"": str(error)}) from None
    return dump(answer.as_json())


@metrics_router.get(
    "latest/", response={200: LatestAnswer, 422: Refused}, url_name="metrics_latest"
)
def get_latest(request: HttpRequest) -> HttpResponse:
    """The newest value of everything; `at` is null when nothing was read in the last minute."""
    refuse_others(request)
    return dump(latest().as_json())


def dump(data: Any) -> HttpResponse:
    return HttpResponse(orjson.dumps(data), content_type="application/json")


def refused(problems: dict[str, str]) -> ValidationError:
    return ValidationError([{"loc": ("query", name), "msg": why} for name, why in problems.items()])


def refuse_others(
    request: HttpRequest, single: Iterable[str] = (), several: Iterable[str] = ()
) -> None:
    """ValidationError for fields that are unknown, or repeated without meaning anything."""
    known, many = set(single), set(several)
    problems = dict.fromkeys(set(request.GET) - known - many, "is not a field of this")
    repeated = [name for name, values in request.GET.lists() if len(values) > 1]
    problems |= dict.fromkeys(set(repeated) & known, "given more than once")
    if problems:
        raise refused(problems)


def moment(request: HttpRequest, name: str, default: float | None) -> float:
    """Epoch seconds of a field that gives them, or a time as ISO 8601 writes it."""
    text = request.GET.get(name, "")
    if not text and default is not None:
        return default
    try:
        return float(text) if NUMBER.fullmatch(text) else _of_iso(text)
    except (ValueError, OverflowError):
        why = "give Unix seconds, or a time like 2026-11-24T18:00:00Z"
        raise refused({name: why}) from None


def _of_iso(text: str) -> float:
    # A blank for the plus: `+02:00` in an address that was not encoded.
    found = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def whole(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise refused({name: "give a whole number"})
    return int(text)
