from __future__ import annotations

import ipaddress
from typing import Final

import orjson
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_safe

from agent_app import loops
from agent_app.models import AgentHeartbeat
from agent_app.readiness import readiness
from llamadash.perf import timed
from llamadash.system import doctor
from llamadash.system.figures import read_figures
from llamadash.system.operations import COLUMNS, ordered
from llamadash.system.program import read_program
from llamadash.system.prometheus import families
from llamadash.system.report import diagnostics
from llamadash.system.storage import read_storage
from metrics_app.core.exposition import CONTENT_TYPE
from metrics_app.core.exposition import render as render_exposition
from metrics_app.devices import read_devices, why_no_gpu
from models_app.models import ScanRun
from settings_app.staff import staff_only

LATEST_SCANS: Final = 8
# A request with one of these came through a proxy: its peer is not who asks.
FORWARDED: Final = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_VIA")


@require_GET
@staff_only("see the system page")
def page(request: HttpRequest) -> HttpResponse:
    sort, operations = ordered(request.GET.get("sort", ""))
    facts = {
        "program": read_program(),
        "storage": read_storage(),
        "checks": readiness(),
        "agent": AgentHeartbeat.objects.filter(node=settings.NODE).first(),
        "loops": list(loops.statuses.values()),
        "figures": read_figures(),
        "devices": read_devices(),
        "why_no_gpu": why_no_gpu(),
        "scans": ScanRun.objects.all()[:LATEST_SCANS],
        "operations": operations,
        "sort": sort,
        "columns": COLUMNS,
        **doctor.latest(),
    }
    return render(request, "system.html", facts)


@require_GET
@staff_only("download diagnostics")
def download(request: HttpRequest) -> HttpResponse:
    body = orjson.dumps(diagnostics(), option=orjson.OPT_INDENT_2, default=str)
    response = HttpResponse(body, content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="llamadash-diagnostics.json"'
    return response


@require_safe
def session(request: HttpRequest) -> HttpResponse:
    """Whether the login still holds; otherwise this leads to the login page, as all pages do."""
    return HttpResponse(status=204)


@login_not_required
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    if not (request.user.is_authenticated or comes_from_this_machine(request)):
        text = "Log in, or ask from this machine itself.\n"
        return HttpResponse(text, status=403, content_type="text/plain; charset=utf-8")
    with timed("metrics.exposition"):
        body = render_exposition(families())
    return HttpResponse(body, content_type=CONTENT_TYPE)


def comes_from_this_machine(request: HttpRequest) -> bool:
    """Whether the peer itself asks, over loopback: a proxy here speaks for others."""
    if any(request.META.get(name) for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
