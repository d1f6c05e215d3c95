"""Rows that go, also together with their model, folder or preset, and from wherever."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction
from django.db.models import ProtectedError
from django.db.models.signals import post_delete, pre_delete
from django.dispatch import receiver

from engine_app import leavings
from engine_app.models import Engine

RUNS: Final = "The engine of {name} runs: stop it first."


@receiver(pre_delete, sender=Engine)
def refuse_running(instance: Engine, **_: Any) -> None:
    """A process would be nobody's. What the row says now counts, not what was read of it."""
    if Engine.objects.filter(pk=instance.pk).alive().exists():
        raise ProtectedError(RUNS.format(name=instance.llama_model.name), {instance})


@receiver(post_delete, sender=Engine)
def clear_leavings(instance: Engine, **_: Any) -> None:
    engine_id = instance.pk  # the row loses it
    transaction.on_commit(lambda: leavings.clear(engine_id), robust=True)
