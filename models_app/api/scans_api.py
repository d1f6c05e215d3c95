"""The management API of scans."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router
from ninja.errors import HttpError

from models_app.api.api_schemas import Refused, ScanDetail, ScanList, ScanRequest
from models_app.api.models_api import dump, refuse_fields
from models_app.models import ModelRoot, ScanRun
from models_app.scan import scan_requests
from models_app.scan.scan_locks import ScanBusy
from models_app.scan.scan_requests import NothingToScan
from settings_app.staff import require_staff

scans_router: Final = Router(tags=["scans"])
MOST_SCANS: Final = 50


@scans_router.post(
    "",
    response={202: ScanDetail, 403: Refused, 409: Refused, 422: Refused},
    url_name="scans_request",
)
def post_scan(request: HttpRequest, wanted: ScanRequest) -> HttpResponse:
    """Queues a scan of all enabled folders, or of some; the agent runs it."""
    require_staff(request, "start scans")
    try:
        run = scan_requests.request_scan(_roots(wanted.roots), trigger="api", force=wanted.force)
    except (ScanBusy, NothingToScan) as error:
        raise HttpError(409, f"{str(error).rstrip('.')}.") from error
    return dump(_scan(run, errors=True), status=202)


def _roots(ids: list[int] | None) -> list[ModelRoot] | None:
    if ids is None:
        return None
    found = [root for root in ModelRoot.objects.enabled() if root.pk in ids]
    missing = set(ids) - {root.pk for root in found}
    if missing or not ids:
        which = ", ".join(map(str, sorted(missing))) or "none given"
        raise refuse_fields("body", {"roots": f"no enabled folder with this id: {which}"})
    return found


@scans_router.get("", response={200: ScanList, 422: Refused}, url_name="scans_list")
def list_scans(request: HttpRequest) -> HttpResponse:
    """The latest fifty, newest first."""
    if request.GET:
        raise refuse_fields("query", dict.fromkeys(request.GET, "unknown; there is none"))
    runs = ScanRun.objects.prefetch_related("roots").order_by("-id")[:MOST_SCANS]
    return dump({"scans": [_scan(run, errors=False) for run in runs]})


@scans_router.get("{scan_id}/", response={200: ScanDetail, 404: Refused}, url_name="scan")
def get_scan(request: HttpRequest, scan_id: int) -> HttpResponse:
    return dump(_scan(_scan_or_404(scan_id), errors=True))


@scans_router.post(
    "{scan_id}/cancel/",
    response={202: ScanDetail, 403: Refused, 404: Refused, 409: Refused},
    url_name="scan_cancel",
)
def cancel_scan(request: HttpRequest, scan_id: int) -> HttpResponse:
    """Asks a scan to stop; what it has read by then is kept."""
    require_staff(request, "cancel scans")
    run = _scan_or_404(scan_id)
    if not run.is_open:
        raise HttpError(409, f"Scan {scan_id} is over: {run.get_state_display()}.")
    scan_requests.cancel(run)
    run.refresh_from_db()
    return dump(_scan(run, errors=True), status=202)


def _scan_or_404(scan_id: int) -> ScanRun:
    try:
        return ScanRun.objects.get(pk=scan_id)
    except (ScanRun.DoesNotExist, OverflowError):
        raise Http404(f"There is no scan {scan_id}.") from None


def _scan(run: ScanRun, *, errors: bool) -> dict[str, Any]:
    row = {
        "id": run.pk,
        "state": run.state,
        "trigger": run.trigger,
        "force": run.force,
        "cancel_requested": run.cancel_requested,
        "message": run.message,
        "roots": sorted(root.pk for root in run.roots.all()),
        "files": run.n_files,
        "models": run.n_models,
        "added": run.n_added,
        "updated": run.n_updated,
        "unchanged": run.n_unchanged,
        "missing": run.n_missing,
        "invalid": run.n_invalid,
        "incomplete": run.n_incomplete,
        "to_read": run.n_to_read,
        "read": run.n_read,
        "current": run.current,
        "n_errors": run.n_errors,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "duration_seconds": run.duration_seconds,
    }
    return {**row, "errors": run.errors} if errors else row
