"""The management API of requests."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router
from ninja.errors import HttpError

from llamadash import perf
from models_app.api.api_schemas import Refused
from models_app.api.models_api import dump, query_of, refuse_fields
from proxy_app import in_flight
from proxy_app.api.request_schemas import (
    PARAMETERS,
    InFlightList,
    RequestDetail,
    RequestList,
)
from proxy_app.models import RequestCapture
from proxy_app.request_facts import facts, facts_in_flight
from proxy_app.request_query import read, turn, visible_to
from settings_app.staff_login import StaffLogin

requests_router: Final = Router(tags=["requests"])


@requests_router.get(
    "",
    response={200: RequestList, 422: Refused},
    openapi_extra={"parameters": PARAMETERS},
    url_name="requests_list",
)
def list_requests(request: HttpRequest) -> HttpResponse:
    """What has ended, the latest begun first. Ask on with `cursor`: an answer's `older` or `newer`.
    Accounts without the staff status, and keys, see what they have asked themselves."""
    query, problems = read(query_of(request))
    if problems:
        raise refuse_fields("query", problems)
    with perf.timed("requests.api_list"):
        page = turn(query, request.user)
    staff = request.user.is_staff
    return dump(
        {
            "requests": [facts(record, staff=staff) for record in page.rows],
            "older": page.older.encode() if page.older else None,
            "newer": page.newer.encode() if page.newer else None,
        }
    )


@requests_router.get(
    "in-flight/", response={200: InFlightList, 422: Refused}, url_name="requests_in_flight"
)
def list_in_flight(request: HttpRequest) -> HttpResponse:
    """What is answered now by the process that answers this."""
    if request.GET:
        raise refuse_fields("query", dict.fromkeys(request.GET, "unknown; there is none"))
    staff = request.user.is_staff
    found = in_flight.visible_to(request.user)
    return dump({"requests": [facts_in_flight(each, staff=staff) for each in found]})


@requests_router.get(
    "{public_id}/", response={200: RequestDetail, 404: Refused}, url_name="request"
)
def get_request(request: HttpRequest, public_id: str) -> HttpResponse:
    """One that has ended; with what was said, where that is kept."""
    found = visible_to(request.user).filter(public_id=public_id.replace("\0", ""))
    record = found.select_related("capture").first()
    if record is None:
        raise Http404(f"There is no request {public_id[:40]!r} that has ended.")
    told = facts(record, staff=request.user.is_staff)
    return dump({**told, **_of_conversation(record), "capture": _capture(record)})


def _of_conversation(record: Any) -> dict[str, int | None]:
    return {
        "shared_messages": record.shared_messages,
        "left_at_message": record.left_at_message,
    }


def _capture(record: Any) -> dict[str, Any] | None:
    try:
        kept: RequestCapture = record.capture
    except RequestCapture.DoesNotExist:
        return None
    return {"asked": kept.asked, "answered": kept.answered, "is_cut": kept.is_cut}


@requests_router.post(
    "{public_id}/cancel/",
    auth=StaffLogin("cancel requests"),
    response={204: None, 403: Refused, 409: Refused},
    url_name="request_cancel",
)
def cancel_request(request: HttpRequest, public_id: str) -> HttpResponse:
    """Its client is told so; its record has the error code `cancelled`."""
    if not in_flight.cancel(public_id):
        raise HttpError(409, f"Request {public_id[:40]!r} does not run here: it has ended.")
    return HttpResponse(status=204)
