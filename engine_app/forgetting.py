"""Deletes an engine that is at rest, with the lives of its processes and its key."""

from __future__ import annotations

from django.db import transaction

from engine_app.core import states
from engine_app.models import Desired, Engine


def forget(engine: Engine) -> bool:
    """False when it runs, or somebody has asked for it meanwhile."""
    with transaction.atomic():
        at_rest = Engine.objects.select_for_update().filter(
            pk=engine.pk, desired=Desired.STOPPED, state__in=states.AT_REST
        )
        if not at_rest.delete()[0]:
            return False
    return True
