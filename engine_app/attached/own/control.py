"""What people want of the router of this node. Rows are changed; the agent acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import F

from engine_app import asked_by
from engine_app.attached.own.offer import why_none
from engine_app.models import Desired, OwnRouter, Preset
from engine_app.models.own_router import MOST_LOADED
from engine_app.wake import wake

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

    User = AbstractBaseUser | AnonymousUser | None


class RouterRefused(ValueError):
    """Why it is not done, in words."""


def start(most_loaded: int, user: User = None) -> OwnRouter:
    """Wants a router; one that runs is started anew, with the presets as they are now."""
    if not 0 <= most_loaded <= MOST_LOADED:
        raise RouterRefused(f"At most 0 to {MOST_LOADED} models at a time; 0 sets no limit.")
    if why := why_none():
        raise RouterRefused(why)
    if not Preset.objects.exclude(llama_model=None).exists():
        raise RouterRefused("No preset is for a model yet: a router serves those that are.")
    OwnRouter.objects.get_or_create(node=settings.NODE)
    _want(Desired.RUNNING, "a start", user, most_loaded=most_loaded)
    return OwnRouter.objects.get(node=settings.NODE)


def stop(user: User = None) -> None:
    """Wants none: its models go with it."""
    _want(Desired.STOPPED, "a stop", user)


def _want(desired: Desired, what: str, user: User, **values: int) -> None:
    rows = OwnRouter.objects.filter(node=settings.NODE)
    if rows.update(desired=desired, generation=F("generation") + 1, **values):
        wake()
        asked_by.say(rows.get().source, what, user)
