"""Which model a person means."""

from __future__ import annotations

from django.db.models import Q

from engine_app.control import EngineRefused
from models_app.models import LlamaModel


def model_named(text: str) -> LlamaModel:
    """By id, name, alias or path; raises EngineRefused unless exactly one is meant."""
    models = LlamaModel.objects.exclude(state="missing")
    by_id = models.filter(pk=int(text)) if text.isdecimal() and len(text) < 16 else models.none()
    named = models.filter(Q(name__iexact=text) | Q(aliases__name=text) | Q(path=text)).distinct()
    found = list(by_id or named[:6])
    if not found:
        raise EngineRefused(f"There is no model {text!r}: scan its folder first.")
    if len(found) > 1:
        ids = ", ".join(f"{model.pk} ({model.path})" for model in found[:5])
        raise EngineRefused(f"Several models are called {text!r}, give an id: {ids}.")
    return found[0]
