"""What people and programs want of engines. Rows are changed; the supervisor of the node acts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from django.conf import settings

from engine_app import asked_by
from engine_app.models import Desired, Engine, EngineState, Preset
from engine_app.wake import wake
from models_app.models import FileState, LlamaModel, ModelKind

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

    User = AbstractBaseUser | AnonymousUser | None

CHANGEABLE: Final = frozenset({"enabled", "pinned", "preload", "idle_ttl_seconds"})
NOT_ALONE: Final = (ModelKind.PROJECTOR, ModelKind.ADAPTER, ModelKind.VOCABULARY, ModelKind.IMATRIX)


class EngineRefused(ValueError):
    """Why it is not done, in words."""


def engine_for(model: LlamaModel, preset: Preset | None = None) -> Engine:
    """The engine of this model and preset on this node; made when there is none yet."""
    engine, _ = Engine.objects.get_or_create(llama_model=model, preset=preset, node=settings.NODE)
    return engine


def start(
    model: LlamaModel, preset: Preset | None = None, user: User = None, *, force: bool = False
) -> Engine:
    """Wants an engine for this model. Returns at once: the row says how far it is. `force` starts
    it whatever memory there is, and stops nobody for it."""
    _check(model, preset)
    engine = engine_for(model, preset)
    start_again(engine, user, force=force)
    return engine


def start_again(engine: Engine, user: User = None, *, force: bool = False) -> None:
    """Wants it to run; one that does, or is about to, is left alone. Refreshes `engine`."""
    _check(engine.llama_model, engine.preset)
    if not engine.enabled:
        raise EngineRefused("This engine is switched off: enable it first.")
    rows = Engine.objects.filter(pk=engine.pk)
    asleep = rows.exclude(desired=Desired.RUNNING) | rows.filter(state=EngineState.FAILED)
    if asleep.want(Desired.RUNNING, force=force):
        _say(engine, "a start without a look for memory" if force else "a start", user)
    elif force and rows.filter(state=EngineState.STARTING).update(force=True):
        _say(engine, "a start without a look for memory", user)
    engine.refresh_from_db()


def stop(engine: Engine, user: User = None) -> bool:
    """Wants it not to run: requests that are being answered get some time. Whether that changes
    anything."""
    rows = Engine.objects.filter(pk=engine.pk).exclude(
        desired=Desired.STOPPED, state=EngineState.STOPPED
    )
    is_asked = bool(rows.want(Desired.STOPPED))
    if is_asked:
        _say(engine, "a stop", user)
    engine.refresh_from_db()
    return is_asked


def restart(engine: Engine, user: User = None) -> None:
    """Wants another process, with what options and program say by then."""
    _check(engine.llama_model, engine.preset)
    if not engine.enabled:
        raise EngineRefused("This engine is switched off: enable it first.")
    if Engine.objects.filter(pk=engine.pk).want(Desired.RUNNING):
        _say(engine, "a restart", user)
    engine.refresh_from_db()


def unload_all(user: User = None) -> int:
    """Wants none of this node to run, pinned ones included. How many did."""
    running = list(Engine.objects.here(settings.NODE).filter(desired=Desired.RUNNING))
    for engine in running:
        stop(engine, user)
    return len(running)


def change(engine: Engine, values: Mapping[str, bool | int | None], user: User = None) -> None:
    """Sets enabled, pinned, preload, idle_ttl_seconds. One that is switched off is stopped, and
    nothing starts it."""
    if unknown := values.keys() - CHANGEABLE:
        raise ValueError(f"cannot be changed: {', '.join(sorted(unknown))}")
    if values and Engine.objects.filter(pk=engine.pk).update(**values):
        _say(engine, ", ".join(f"{name}={value}" for name, value in values.items()), user)
    engine.refresh_from_db()


def _check(model: LlamaModel, preset: Preset | None) -> None:
    if model.state != FileState.OK:
        why = model.reason or model.get_state_display()
        raise EngineRefused(f"{model} cannot be loaded: {why}.")
    if model.kind in NOT_ALONE:
        raise EngineRefused(f"{model} is no model of its own: {model.get_kind_display()}.")
    if preset is not None and not preset.is_for(model):
        raise EngineRefused(f"The preset {preset} is for another model.")


def _say(engine: Engine, what: str, user: User) -> None:
    wake()
    asked_by.say(engine.source, what, user)
