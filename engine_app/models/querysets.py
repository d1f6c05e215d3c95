from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from engine_app.core import states

if TYPE_CHECKING:
    from engine_app.models.engine import Engine, EngineRun


class EngineQuerySet(models.QuerySet["Engine"]):
    def here(self, node: str) -> EngineQuerySet:
        return self.filter(node=node)

    def wanted(self) -> EngineQuerySet:
        return self.filter(desired="running", enabled=True)

    def alive(self) -> EngineQuerySet:
        """Those that have a process, or are about to."""
        return self.filter(state__in=states.ALIVE)

    def to_look_after(self) -> EngineQuerySet:
        """What the supervisor has to think about; an engine at rest that nobody wants is not."""
        return self.filter(Q(desired="running") | ~Q(state=states.STOPPED))

    def change_state(self, target: str, *, only_from: Iterable[str] = (), **fields: Any) -> int:
        """Compare and set: only rows in a state from which the table allows `target` change.

        How many did. Never read a state and save it: another process may have been quicker.
        """
        allowed = states.sources(target)
        chosen = [state for state in allowed if state in only_from] if only_from else allowed
        return self.filter(state__in=chosen).update(
            state=target, state_changed_at=timezone.now(), **fields
        )

    def want(self, desired: str, *, force: bool = False) -> int:
        """Another generation: the supervisor acts upon it, whatever it has done before."""
        return self.update(desired=desired, generation=F("generation") + 1, force=force)

    def used(self) -> int:
        return self.update(last_used_at=timezone.now())


class EngineRunQuerySet(models.QuerySet["EngineRun"]):
    def open(self) -> EngineRunQuerySet:
        return self.filter(ended_at=None)
