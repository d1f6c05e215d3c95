"""Step 2: which folder holds the models."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from llamadash.setup import places
from models_app import known_places, roots
from models_app.models import ModelRoot, ScanTrigger
from models_app.scan import scan_requests
from settings_app.staff import staff_only

SKIPPED: Final = "setup_skipped"


@require_http_methods(["GET", "POST"])
@staff_only("add model folders")
def page(request: HttpRequest) -> HttpResponse:
    typed = (request.POST if request.method == "POST" else request.GET).get("path", "").strip()
    problems = roots.check_new(typed) if typed else []
    if request.method == "POST" and not typed:
        problems = ["Give the path of a folder on this machine."]
    if request.method == "POST" and not problems:
        return add(typed)
    facts: dict[str, Any] = {"step": "folder", "typed": typed, "problems": problems}
    facts["preview"] = places.preview(typed) if typed and not problems else None
    if request.htmx and "path" in request.GET:  # type: ignore[attr-defined]
        return render(request, "setup/folder.html#preview", facts)
    facts["listing"] = places.listing(request.GET.get("look") or typed or str(Path.home()))
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "setup/folder.html#browser", facts)
    facts["roots"] = ModelRoot.objects.enabled()
    facts["suggestions"] = known_places.suggestions()
    return render(request, "setup/folder.html", facts, status=422 if problems else 200)


def add(path: str) -> HttpResponse:
    root = roots.add_root(path)
    with suppress(scan_requests.ScanBusy):  # then the next page shows the scan that runs
        scan_requests.request_scan([root], trigger=ScanTrigger.USER)
    return redirect("setup:scan")


@require_POST
def skip(request: HttpRequest) -> HttpResponse:
    """For this session; the empty list of models still leads back here."""
    request.session[SKIPPED] = True
    return redirect("models_app:list")
