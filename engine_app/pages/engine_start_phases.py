"""The last start drawn to scale: how long until the first answer, how long until ready."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine_app.models import EngineRun
from llamadash import formats
from llamadash.rulers import percent

TEXTURES: Final = {"spawn": "tint", "load": "hatch"}
WORDS: Final = {"spawn": "spawn", "load": "load and warm-up"}


@dataclass(frozen=True, slots=True)
class Phase:
    words: str
    seconds: str
    texture: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Start:
    title: str
    phases: tuple[Phase, ...]
    sentence: str


def drawn(run: EngineRun) -> Start | None:
    """None where nothing of it was measured: a start that was refused, or has only begun."""
    end = run.ready_at or run.ended_at
    parts = [("spawn", run.started_at, run.answered_at or end)]
    if run.answered_at is not None:
        parts.append(("load", run.answered_at, end))
    measured = [(name, _seconds(since, until)) for name, since, until in parts if until]
    total = sum(seconds for _, seconds in measured)
    if run.pid is None or not total:
        return None
    phases, before = [], 0.0
    for name, seconds in measured:
        at, width = percent(before, total), percent(seconds, total)
        phases.append(Phase(WORDS[name], formats.seconds(seconds), TEXTURES[name], at, width))
        before += seconds
    took = formats.seconds(total)
    each = ", ".join(f"{phase.words} {phase.seconds}" for phase in phases)
    if run.ready_at is None:
        return Start("Last start, not ready", tuple(phases), f"It ended after {took}: {each}.")
    return Start(f"Last start, {took}", tuple(phases), f"It was ready after {took}: {each}.")


def _seconds(since: datetime, until: datetime) -> float:
    return max(0.0, (until - since).total_seconds())
