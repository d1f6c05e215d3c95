from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from llamadash import perf
from llamadash.dashboard.alerts import alerts
from llamadash.dashboard.data_disk import DataDisk, disk_tile, read_data_disk
from llamadash.dashboard.engines import held, shown
from llamadash.dashboard.freshness import freshness
from llamadash.dashboard.gateway import gateway_tiles
from llamadash.dashboard.memory import bars
from llamadash.dashboard.registry import at_hand, models_tile, registry_counts
from llamadash.dashboard.tiles import GENERATED, Tile, tiles, uptimes
from llamadash.setup.folder import SKIPPED
from metrics_app.devices import Device, read_devices, why_no_gpu
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


@require_GET
def engines(request: HttpRequest) -> HttpResponse:
    """What is different when the state of an engine is, for a page that stays."""
    with perf.timed("dashboard.engines"):
        now, scanned = latest(), last_scan()
        context = {
            **_of_registry(scanned),
            **_of_engines(request, now.values, read_devices(), read_data_disk(), scanned),
        }
        return render(request, "dashboard/_engines_answer.html", context)


@require_GET
def first_scan(request: HttpRequest) -> HttpResponse:
    """What is said until a scan has ended; then the page comes anew."""
    context = _of_registry(last_scan())
    if context["last_scan"] is not None or context["counts"].usable:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "dashboard/_first_steps.html", context)


def last_scan() -> ScanRun | None:
    return ScanRun.objects.ended().order_by("-id").first()


def _tiles(
    values: Mapping[str, float | None], devices: Sequence[Device], disk: DataDisk
) -> list[Tile]:
    """One row on most screens: how many models there are gives way to what they generate, what is
    free to what is asked. An alert says when that becomes too little."""
    asked = gateway_tiles(values)
    registry = [] if GENERATED in values else [models_tile(registry_counts())]
    free = [] if asked else [disk_tile(disk)]
    return [*asked, *tiles(values, devices), *registry, *free]


def _of_registry(scanned: ScanRun | None) -> dict[str, Any]:
    return {
        "counts": registry_counts(),
        "at_hand": at_hand(),
        "last_scan": scanned,
        "is_scanning": scanned is None and ScanRun.objects.filter(state="running").exists(),
        "last_result": scan_words.result(scanned) if scanned else "",
    }


def _of_engines(
    request: HttpRequest,
    values: Mapping[str, float | None],
    devices: Sequence[Device],
    disk: DataDisk,
    scanned: ScanRun | None,
) -> dict[str, Any]:
    listed = shown()
    has_gpu = any(device.kind == "gpu" for device in devices)
    return {
        "engines": listed,
        "bars": bars(devices, values, held(listed.rows, values)),
        "alerts": alerts(disk, scanned, values, staff=request.user.is_staff),
        "n_gpus": sum(device.kind == "gpu" for device in devices),
        "why_no_gpu": "" if has_gpu else why_no_gpu(),
    }


def facts(request: HttpRequest) -> dict[str, Any]:
    now = latest()
    devices = read_devices()
    disk = read_data_disk()
    scanned = last_scan()
    return {
        "tiles": _tiles(now.values, devices, disk),
        "freshness": freshness(now.at),
        "uptimes": uptimes(now.values),
        **_of_registry(scanned),
        **_of_engines(request, now.values, devices, disk, scanned),
    }
