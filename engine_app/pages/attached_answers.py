"""Which attached server an address means, and what a button of one answers."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import trigger_client_event

from engine_app.models import AttachedServer
from models_app.pages.shared import back, is_partial

CHANGED: Final = "attached-changed"  # parts of pages ask again when they hear it


def server_or_404(server_id: int) -> AttachedServer:
    try:
        return AttachedServer.objects.get(pk=server_id)
    except (AttachedServer.DoesNotExist, OverflowError):
        raise Http404(f"There is no attached server {server_id}.") from None


def answered(request: HttpRequest, server: AttachedServer, status: int = 200) -> HttpResponse:
    """The messages alone for a page that stays; else the way back to where the button stood."""
    if not is_partial(request):
        return back(request, server.get_absolute_url())
    response = render(request, "_toasts.html", status=status)
    return trigger_client_event(response, CHANGED)


def refused(request: HttpRequest, server: AttachedServer, why: str) -> HttpResponse:
    messages.error(request, why)
    return answered(request, server, status=409)
