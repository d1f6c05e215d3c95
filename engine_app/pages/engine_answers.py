"""What a button of an engine answers: a message, and the news that something is different."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django_htmx.http import trigger_client_event

from engine_app.models import Engine
from engine_app.pages.engine_rows import LARGE
from models_app.pages.shared import back, is_partial

CHANGED: Final = "engine-changed"  # lists and pages of engines ask again when they hear it


def engine_or_404(engine_id: int) -> Engine:
    found = Engine.objects.select_related("llama_model", "preset", "binary").defer(*LARGE)
    return get_object_or_404(found, pk=engine_id)


def answered(request: HttpRequest, otherwise: str, *args: Any, status: int = 200) -> HttpResponse:
    """The messages alone for a page that stays; else the way back to where the button stood."""
    if not is_partial(request):
        return back(request, otherwise, *args)
    response = render(request, "_toasts.html", status=status)
    return trigger_client_event(response, CHANGED)


def refused(request: HttpRequest, why: str, otherwise: str, *args: Any) -> HttpResponse:
    messages.error(request, why)
    return answered(request, otherwise, *args, status=409)
