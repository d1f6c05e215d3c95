"""Asking for scans, and how far the open one is."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from models_app.models import ModelRoot, RegistryVersion, ScanRun
from models_app.pages.shared import back, is_partial
from models_app.pages.views import registry
from models_app.scan import scan_requests
from models_app.scan.scan_locks import ScanBusy
from models_app.scan.scan_requests import NothingToScan
from settings_app.staff import staff_only


@require_GET
def scan_bar(request: HttpRequest) -> HttpResponse:
    """Polled while a scan is open. The answer that ends the polling has the list read anew."""
    context = registry()
    response = render(request, "models_app/_scan.html", context)
    if context["scan"] is None:
        response.headers["HX-Trigger"] = "registry-changed"
    return response


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
