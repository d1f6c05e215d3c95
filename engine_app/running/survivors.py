"""What an earlier process of ours has left: rows that say that an engine runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from engine_app.child_environment import mark_of
from engine_app.core import states
from engine_app.core.verdict import Verdict
from engine_app.models import Engine, EngineRun
from engine_app.presets import effective_options
from engine_app.process import Exit
from engine_app.running.identity import Identity
from engine_app.running.records import DRAIN, NO_PROCESS, end_run


@dataclass(frozen=True, slots=True)
class Survivor:
    """An engine that, by its row, has a process."""

    engine_id: int
    source: str
    generation: int
    state: str
    is_wanted: bool  # as it is
    is_told_to_end: bool  # by a signal
    identity: Identity | None  # None: it was never written down
    run_id: int | None
    started_at: datetime
    ready_at: datetime | None
    size_bytes: int
    sleeps_by_itself: bool


def survivors(node: str) -> list[Survivor]:
    rows = Engine.objects.here(node).alive().select_related("llama_model", "preset")
    return [_survivor(engine) for engine in rows]


def survivor_of(engine_id: int) -> Survivor | None:
    """None when it is at rest after all."""
    rows = Engine.objects.alive().select_related("llama_model", "preset").filter(pk=engine_id)
    engine = rows.first()
    return None if engine is None else _survivor(engine)


def _survivor(engine: Engine) -> Survivor:
    run = engine.runs.open().order_by("-id").first()
    identity = None
    if engine.pid is not None and engine.pid_started is not None and engine.port is not None:
        identity = Identity(
            engine.pid,
            engine.pid_started,
            engine.port,
            mark_of(engine.pk),
        )
    options = effective_options(engine.llama_model, engine.preset).options
    return Survivor(
        engine_id=engine.pk,
        source=engine.source,
        generation=engine.observed_generation,
        state=engine.state,
        is_wanted=engine.is_wanted and engine.generation == engine.observed_generation,
        is_told_to_end=engine.state == states.STOPPING and engine.phase != DRAIN,
        identity=identity,
        run_id=run.pk if run else None,
        started_at=run.started_at if run else engine.state_changed_at,
        ready_at=engine.ready_at,
        size_bytes=engine.llama_model.size_bytes,
        sleeps_by_itself="sleep-idle-seconds" in options,
    )


def adopted(run_id: int) -> None:
    EngineRun.objects.filter(pk=run_id).update(adopted_at=timezone.now())


def lost(survivor: Survivor, why: str) -> None:
    """Its process has ended, or is not its own any more, while nobody watched."""
    verdict = Verdict("ended_unseen", f"ended while llamadash was not running: {why}")
    if survivor.run_id is not None:
        end_run(survivor.run_id, Exit(), verdict, [])
    row = Engine.objects.filter(pk=survivor.engine_id)
    row.change_state(
        states.STOPPED, reason_code=verdict.code, reason=verdict.sentence, **NO_PROCESS
    )
