"""The router that this node runs itself: started, stopped, and why it cannot be."""

from __future__ import annotations

import shlex
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from engine_app.attached.look import router_chip
from engine_app.attached.own import control
from engine_app.attached.own.control import RouterRefused
from engine_app.attached.own.offer import own_router, router_binary, why_none
from engine_app.models import Preset
from engine_app.models.own_router import MOST_LOADED, USUALLY_LOADED
from engine_app.pages.attached_answers import CHANGED
from engine_app.pages.engine_command import without_secrets
from models_app.pages.shared import back, is_partial, varies
from settings_app.staff import staff_only

PAGE: Final = "attached:router"
NO_NUMBER: Final = "Give a whole number of models."


@require_safe
def router(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, problem: str = "", typed: str = "") -> HttpResponse:
    row = own_router(settings.NODE)
    most = row.most_loaded if row else USUALLY_LOADED
    context: dict[str, Any] = {
        "router": row,
        "chip": router_chip(row),
        "why_none": why_none(),
        "binary": router_binary(),
        "n_presets": Preset.objects.exclude(llama_model=None).count(),
        "most_loaded": typed or most,
        "most_allowed": MOST_LOADED,
        "problem": problem,
        "command": shlex.join(without_secrets(row.argv)) if row else "",
    }
    part = "#now" if is_partial(request) and not problem else ""
    status = 422 if problem else 200
    return varies(render(request, f"engine_app/attached_router.html{part}", context, status=status))


@require_POST
@staff_only("start routers")
def router_start(request: HttpRequest) -> HttpResponse:
    typed = request.POST.get("most_loaded", "").strip()
    is_number = typed.isascii() and typed.isdecimal() and len(typed) < 6
    if not is_number:
        return _page(request, NO_NUMBER, typed[:20])
    try:
        control.start(int(typed), request.user)
    except RouterRefused as why:
        return _page(request, str(why), typed)
    return _answered(request)


@require_POST
@staff_only("stop routers")
def router_stop(request: HttpRequest) -> HttpResponse:
    control.stop(request.user)
    return _answered(request)


def _answered(request: HttpRequest) -> HttpResponse:
    if not is_partial(request):
        return back(request, reverse(PAGE))
    return trigger_client_event(render(request, "_toasts.html"), CHANGED)
