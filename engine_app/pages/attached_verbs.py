"""The buttons of an attached server: load, unload, detach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from engine_app.attached import control
from engine_app.attached.control import AttachRefused, OrderRefused
from engine_app.models import AttachedServer
from engine_app.pages.attached_answers import answered, refused, server_or_404
from settings_app.staff import staff_only


@require_POST
@staff_only("load models")
def attached_load(request: HttpRequest, server_id: int) -> HttpResponse:
    return _ordered(request, server_id, control.load)


@require_POST
@staff_only("unload models")
def attached_unload(request: HttpRequest, server_id: int) -> HttpResponse:
    return _ordered(request, server_id, control.unload)


def _ordered(
    request: HttpRequest, server_id: int, verb: Callable[[AttachedServer, str, Any], None]
) -> HttpResponse:
    server = server_or_404(server_id)
    try:
        verb(server, request.POST.get("model", ""), request.user)
    except OrderRefused as why:
        return refused(request, server, str(why))
    return answered(request, server)


@require_POST
@staff_only("detach servers")
def attached_detach(request: HttpRequest, server_id: int) -> HttpResponse:
    server = server_or_404(server_id)
    try:
        control.detach(server, request.user)
    except AttachRefused as why:
        return refused(request, server, str(why))
    messages.success(request, f"{server.name} was detached; it runs on.")
    return redirect("engines:list")
