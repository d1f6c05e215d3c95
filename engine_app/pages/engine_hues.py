"""Which hue a model has: one while it is in memory, the same on every page."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from engine_app.models import Engine
from metrics_app.charts import hue


def hues() -> dict[int, str]:
    """`s3` for each model that an engine of this node holds. Where two want the same one, the
    engine that is older has it."""
    held = Engine.objects.here(settings.NODE).alive().order_by("id")
    return shared_out(held.values_list("llama_model_id", flat=True))


def shared_out(model_ids: Iterable[int]) -> dict[int, str]:
    """Of models in memory, in the order of their engines."""
    found: dict[int, str] = {}
    for model_id in model_ids:
        if model_id not in found:
            found[model_id] = hue(f"model {model_id}", found.values())
    return found
