"""Engines that run, and what they would be started with now. Whoever changes many presets at once
restarts those alone for which that is something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.conf import settings

from engine_app import control, engine_help
from engine_app.core.allow_list import LaunchError
from engine_app.models import Engine
from engine_app.preset_command import command
from engine_app.presets import effective_options

if TYPE_CHECKING:
    from engine_app.control import User


def command_lines() -> dict[int, str]:
    """By engine; empty for one that could not be started."""
    return {engine.pk: _line(engine) for engine in _running()}


def restart_changed(before: Mapping[int, str], user: User = None) -> list[Engine]:
    """Those whose command line is another one than before. One that could not be started any more
    goes on as it is."""
    restarted = []
    for engine in _running():
        now = _line(engine)
        if now and engine.pk in before and now != before[engine.pk]:
            try:
                control.restart(engine, user)
            except control.EngineRefused:  # its model is gone meanwhile
                continue
            restarted.append(engine)
    return restarted


def _running() -> list[Engine]:
    rows = Engine.objects.here(settings.NODE).wanted()
    return list(rows.select_related("llama_model__projector", "preset"))


def _line(engine: Engine) -> str:
    key = engine.preset.binary_key if engine.preset else ""
    options = effective_options(engine.llama_model, engine.preset).options
    try:
        known = engine_help.known(engine_help.binary(key))
        return command(engine.llama_model, options, known).text
    except LaunchError:
        return ""
