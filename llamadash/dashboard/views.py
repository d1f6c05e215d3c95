from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from llamadash import perf
from llamadash.dashboard.alerts import alerts
from llamadash.dashboard.data_disk import disk_tile, read_data_disk
from llamadash.dashboard.freshness import freshness
from llamadash.dashboard.memory import bars
from llamadash.dashboard.registry import at_hand, models_tile, registry_counts
from llamadash.dashboard.tiles import tiles
from llamadash.setup.folder import SKIPPED
from metrics_app.devices import read_devices, why_no_gpu
from metrics_app.query import latest
from models_app.models import ModelRoot, ScanRun
from models_app.pages import scan_words


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The dashboard, or the step of the setup that is next for whoever can take it."""
    may_set_up = request.user.is_staff and not request.session.get(SKIPPED)
    if may_set_up and not ModelRoot.objects.exists():
        return redirect("setup:folder")
    with perf.timed("dashboard.page"):
        return render(request, "dashboard/page.html", facts(request))


def facts(request: HttpRequest) -> dict[str, Any]:
    now = latest()
    devices = read_devices()
    disk = read_data_disk()
    known = registry_counts()
    last_scan = ScanRun.objects.ended().order_by("-id").first()
    has_gpu = any(device.kind == "gpu" for device in devices)
    return {
        "tiles": [*tiles(now.values, devices), models_tile(known), disk_tile(disk)],
        "freshness": freshness(now.at),
        "uptime_seconds": now.values.get("host/uptime_seconds"),
        "bars": bars(devices, now.values),
        "n_gpus": sum(device.kind == "gpu" for device in devices),
        "why_no_gpu": "" if has_gpu else why_no_gpu(),
        "alerts": alerts(disk, last_scan, staff=request.user.is_staff),
        "counts": known,
        "at_hand": at_hand(),
        "last_scan": last_scan,
        "last_result": scan_words.result(last_scan) if last_scan else "",
    }
