"""Asking for scans, and how far the open one is."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from models_app.lists.listing import read
from models_app.memory.room import room
from models_app.models import ModelRoot, RegistryVersion, ScanRun
from models_app.pages.shared import back, is_partial
from models_app.pages.views import filters, registry
from models_app.scan import scan_requests
from models_app.scan.scan_locks import ScanBusy
from models_app.scan.scan_requests import NothingToScan
from settings_app.staff import staff_only

TABS: Final = {"": "models", "problems/": "problems", "folders/": "folders"}


@require_safe
def scan_bar(request: HttpRequest) -> HttpResponse:
    """Polled while a scan is open. The answer that ends the polling has the list read anew."""
    version = RegistryVersion.current()
    context = registry(version)
    is_over = context["scan"] is None
    if is_over:
        context |= _around_the_list(request, version)
    response = render(request, "models_app/_scan.html", context)
    if is_over and _was_empty_before(context):
        response.headers["HX-Refresh"] = "true"  # the page has no filters yet
    elif is_over:
        response.headers["HX-Trigger"] = "registry-changed"
    return response


def _around_the_list(request: HttpRequest, version: str) -> dict[str, Any]:
    """For the list page that polls: its tab, and the choices with their new counts."""
    address = urlsplit(request.headers.get("HX-Current-URL", ""))
    tab = TABS.get(address.path.removeprefix(reverse("models_app:list")))
    if tab != "models":
        return {"tab": tab}
    query, _ = read(QueryDict(address.query).dict())
    return {"tab": tab, **filters(query, version, room())}


def _was_empty_before(context: dict[str, Any]) -> bool:
    counts, scan = context["counts"], context["latest_scan"]
    return scan is not None and 0 < counts.usable + counts.hidden <= scan.n_added


@require_POST
@staff_only("start scans")
def scan_now(request: HttpRequest) -> HttpResponse:
    """All enabled folders, or the one that `root` names."""
    roots = None
    if pk := request.POST.get("root", ""):
        if not pk.isdecimal():
            raise Http404
        roots = [get_object_or_404(ModelRoot, pk=int(pk[:19]), enabled=True)]
    try:
        scan_requests.request_scan(roots, trigger="user")
    except (ScanBusy, NothingToScan) as error:
        messages.warning(request, f"{str(error).rstrip('.')}.")
    return _answer(request)


@require_POST
@staff_only("cancel scans")
def scan_cancel(request: HttpRequest, scan_id: int) -> HttpResponse:
    run = get_object_or_404(ScanRun, pk=scan_id)
    if run.is_open:
        scan_requests.cancel(run)
    return _answer(request)


def _answer(request: HttpRequest) -> HttpResponse:
    if is_partial(request):
        context = registry(RegistryVersion.current())
        return render(request, "models_app/_scan.html", context | {"with_toasts": True})
    return back(request, "models_app:list")
