"""How many engines there are, and how many serve."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Count

from engine_app.core import states
from engine_app.models import Engine


def counts() -> dict[str, int]:
    """Of this node's engines: all, those that serve, those that failed."""
    rows = Engine.objects.here(settings.NODE).order_by().values_list("state")
    found = dict(rows.annotate(n=Count("id")))
    return {
        "total": sum(found.values()),
        "running": sum(found.get(state, 0) for state in states.SERVING),
        "failed": found.get(states.FAILED, 0),
    }
