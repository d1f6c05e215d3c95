"""The page for talking to models. It asks the gateway, as any other client does."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from llamadash import perf
from models_app.models import LlamaModel
from proxy_app.playground.choices import choices, chosen


@require_safe
def playground(request: HttpRequest) -> HttpResponse:
    with perf.timed("playground.page"):
        listed = choices()
        context = {
            "choices": listed,
            "chosen": chosen(listed, request.GET.get("model", "")),
            "n_models": LlamaModel.objects.listed().count() if not listed else None,
        }
        return render(request, "proxy_app/playground.html", context)


@require_safe
def models(request: HttpRequest) -> JsonResponse:
    """What has changed since the page was made."""
    with perf.timed("playground.models"):
        return JsonResponse({"models": [each.as_json() for each in choices()]})
