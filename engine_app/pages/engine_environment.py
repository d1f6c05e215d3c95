"""The environment that an engine's process was given, of which every name is one of ours."""

from __future__ import annotations

from typing import Final

import psutil

from engine_app.child_environment import KEY, LIBRARY_PATHS, MARK, PASSED_ON, mark_of
from engine_app.models import Engine
from engine_app.pages.engine_command import HIDDEN
from engine_app.running import identity
from models_app.core.cleaning import clean_line

NAMES: Final = (*PASSED_ON, *LIBRARY_PATHS, "PYTHONPATH", "PYTHONUNBUFFERED", KEY, MARK)
MOST_VALUE: Final = 500


def environment_of(engine: Engine) -> list[tuple[str, str]] | None:
    """Read from the process itself; None where it has none, or we may not look into it."""
    if engine.pid is None or identity.mark(engine.pid) != mark_of(engine.pk):
        return None
    try:
        found = psutil.Process(engine.pid).environ()
    except (psutil.Error, OSError):
        return None
    return [(name, _shown(name, found[name])) for name in NAMES if name in found]


def _shown(name: str, value: str) -> str:
    return HIDDEN if name == KEY else clean_line(value, MOST_VALUE) or ""
