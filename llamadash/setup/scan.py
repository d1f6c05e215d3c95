"""Step 3: the scan as it goes, and what is there when it is done."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from models_app.models import LlamaModel, ModelRoot, ScanRun, ScanTrigger
from models_app.scan import scan_requests
from settings_app.staff import staff_only

LATEST: Final = 8


@require_http_methods(["GET", "POST"])
@staff_only("scan model folders")
def page(request: HttpRequest) -> HttpResponse:
    if not ModelRoot.objects.enabled().exists():
        return redirect("setup:folder")
    if request.method == "POST":
        act(request.POST.get("action", ""))
        return redirect("setup:scan")
    part = "#progress" if request.htmx else ""  # type: ignore[attr-defined]
    return render(request, f"setup/scan.html{part}", progress())


def act(action: str) -> None:
    run = ScanRun.objects.first()
    if action == "cancel" and run is not None and run.is_open:
        scan_requests.cancel(run)
    elif action == "scan" and (run is None or not run.is_open):
        with suppress(scan_requests.ScanBusy):  # somebody was faster: the page shows that one
            scan_requests.request_scan(trigger=ScanTrigger.USER)


def progress() -> dict[str, Any]:
    models = LlamaModel.objects.listed().exclude(state="missing")
    return {
        "step": "scan",
        "run": ScanRun.objects.first(),
        "n_models": models.count(),
        "found": models.order_by("-first_seen_at", "-id")[:LATEST],
    }


@require_GET
def done(request: HttpRequest) -> HttpResponse:
    models = LlamaModel.objects.listed()
    present = models.exclude(state="missing")
    facts = {
        "step": "done",
        "n_models": present.count(),
        "n_bytes": present.aggregate(n=Sum("size_bytes"))["n"] or 0,
        "n_problems": models.problems().count(),
        "roots": ModelRoot.objects.enabled(),
    }
    return render(request, "setup/done.html", facts)
