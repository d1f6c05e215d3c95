"""What the supervisor writes into the rows: synchronous, short, one transaction each.

Every change of state is a compare-and-set; a row that is gone changes nothing and is no error.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from engine_app.core import states
from engine_app.core.verdict import Verdict
from engine_app.models import Engine, EngineRun, Preset
from engine_app.process import Exit
from engine_app.running.orders import Order

MOST_RUNS: Final = 200  # of an engine
# Phases of an end: waiting for requests, and told by a signal.
DRAIN: Final = "drain"
TOLD: Final = "stop"


# ---------------------------------------------------------------- what is wanted and what is
def to_look_after(node: str, also: Collection[int] = ()) -> list[Engine]:
    """`also` are engines that have a process, wanted or not."""
    rows = Engine.objects.here(node).to_look_after()
    if also:
        rows |= Engine.objects.here(node).filter(pk__in=also)
    return list(rows)


def ports_of_others(engine_id: int) -> set[int]:
    taken = Engine.objects.alive().exclude(port=None).exclude(pk=engine_id)
    return {port for port in taken.values_list("port", flat=True) if port is not None}


def preload(node: str) -> int:
    """Wants what is to run from the start of the program."""
    rows = Engine.objects.here(node).filter(preload=True, enabled=True)
    return rows.exclude(desired="running").want("running")


# ---------------------------------------------------------------- a start
def take(engine_id: int, generation: int) -> bool:
    """Makes the start ours. False when the engine is gone, or not at rest any more."""
    row = Engine.objects.filter(pk=engine_id)
    # Somebody has asked since it failed: what was before does not count.
    row.exclude(observed_generation=generation).update(n_failures=0)
    return bool(
        row.change_state(
            states.STARTING,
            observed_generation=generation,
            phase="check",
            progress=None,
            ready_at=None,
            reason_code="",
            reason="",
            advice="",
            retry_at=None,
            pid=None,
            pid_started=None,
            executable="",
            claim={},
        )
    )


def wanted_at_rest(node: str) -> dict[int, int]:
    """Generations of the engines that are wanted and have no process."""
    rows = Engine.objects.here(node).wanted().filter(state__in=states.AT_REST)
    return dict(rows.values_list("pk", "generation"))


def is_forced(engine_id: int) -> bool:
    return Engine.objects.filter(pk=engine_id, force=True).exists()


def claim(engine_id: int, by_device: Mapping[str, int]) -> None:
    """From now on so much memory is its own, until its process has ended."""
    Engine.objects.filter(pk=engine_id).update(claim=dict(by_device))


@transaction.atomic
def measured(
    engine_id: int, run_id: int, by_device: Mapping[str, int], plan: dict[str, Any]
) -> None:
    """What it takes indeed, now that it has loaded."""
    Engine.objects.filter(pk=engine_id, state__in=states.SERVING).update(claim=dict(by_device))
    EngineRun.objects.filter(pk=run_id).update(plan=plan)


def advise(engine_id: int, advice: str) -> None:
    """More about the end of its latest run."""
    run = EngineRun.objects.filter(engine_id=engine_id).order_by("-id").first()
    if run is not None:
        EngineRun.objects.filter(pk=run.pk).update(advice=advice)


def name_and_claim(engine_id: int) -> tuple[str, dict[str, int]]:
    """The name is empty when it is gone."""
    engine = Engine.objects.filter(pk=engine_id).select_related("llama_model").first()
    return (engine.alias, dict(engine.claim)) if engine is not None else ("", {})


@transaction.atomic
def begin_run(given: Order, argv: Sequence[str], port: int, plan: dict[str, Any]) -> int:
    """Written before the process is there, so that its log has a number to begin with."""
    forget_old_runs(given.engine_id)
    run = EngineRun.objects.create(
        engine_id=given.engine_id,
        generation=given.generation,
        argv=list(argv),
        binary=given.binary,
        build=given.binary.build or given.binary.version,
        port=port,
        plan=plan,
    )
    Engine.objects.filter(pk=given.engine_id).update(port=port, phase="spawn", binary=given.binary)
    return run.pk


def forget_old_runs(engine_id: int) -> None:
    """One that crashes for ever, once a minute, must not fill the disk."""
    rows = EngineRun.objects.filter(engine_id=engine_id).order_by("-id")
    oldest_kept = rows.values_list("pk", flat=True)[MOST_RUNS - 2 : MOST_RUNS - 1].first()
    if oldest_kept is not None:
        rows.filter(pk__lt=oldest_kept).delete()


def refused_run(
    engine_id: int, generation: int, verdict: Verdict, plan: dict[str, Any] | None = None
) -> int:
    forget_old_runs(engine_id)
    run = EngineRun.objects.create(engine_id=engine_id, generation=generation, plan=plan or {})
    end_run(run.pk, Exit(), verdict, [])
    return run.pk


@dataclass(frozen=True, slots=True)
class Spawned:
    pid: int
    started_ticks: int | None
    executable: str


def spawned(engine_id: int, run_id: int, process: Spawned) -> bool:
    """False when the row is gone meanwhile: nobody wants the process."""
    EngineRun.objects.filter(pk=run_id).update(pid=process.pid)
    return bool(
        Engine.objects.filter(pk=engine_id).update(
            pid=process.pid, pid_started=process.started_ticks, executable=process.executable
        )
    )


def answers(engine_id: int, run_id: int) -> int:
    EngineRun.objects.filter(pk=run_id, answered_at=None).update(answered_at=timezone.now())
    return Engine.objects.filter(pk=engine_id).change_state(states.LOADING, phase="load")


def progress(engine_id: int, phase: str, ratio: float | None) -> None:
    Engine.objects.filter(pk=engine_id).update(phase=phase, progress=ratio)


@transaction.atomic
def ready(engine_id: int, run_id: int, memory: dict[str, int], executable: str) -> bool:
    now = timezone.now()
    changed = Engine.objects.filter(pk=engine_id).change_state(
        states.READY,
        only_from=(states.STARTING, states.LOADING),
        phase="",
        progress=None,
        ready_at=now,
        executable=executable,
    )
    EngineRun.objects.filter(pk=run_id, ready_at=None).update(ready_at=now, memory=memory)
    Preset.objects.filter(engines=engine_id).update(last_success_at=now)
    return bool(changed)


def sleeps(engine_id: int, asleep: bool) -> int:
    if asleep:
        return Engine.objects.filter(pk=engine_id).change_state(states.SLEEPING)
    row = Engine.objects.filter(pk=engine_id)
    return row.change_state(states.READY, only_from=(states.SLEEPING,))


# ---------------------------------------------------------------- an end
def stopping(engine_id: int, phase: str) -> int:
    return Engine.objects.filter(pk=engine_id).change_state(states.STOPPING, phase=phase)


def serves_on(engine_id: int, generation: int) -> int:
    """It was to end, had not been told yet, and is wanted as it is."""
    rows = Engine.objects.wanted().filter(pk=engine_id, generation=generation)
    return rows.change_state(states.READY, only_from=(states.STOPPING,), phase="")


def phase(engine_id: int, word: str) -> None:
    Engine.objects.filter(pk=engine_id).update(phase=word)


def end_run(run_id: int, exit: Exit, verdict: Verdict, last_lines: Sequence[str]) -> None:
    EngineRun.objects.filter(pk=run_id, ended_at=None).update(
        ended_at=timezone.now(),
        exit_code=exit.code,
        signal=exit.signal,
        reason_code=verdict.code,
        reason=verdict.sentence,
        advice=verdict.advice,
        last_lines=list(last_lines),
    )


NO_PROCESS: Final[dict[str, Any]] = {
    "claim": {},
    "pid": None,
    "pid_started": None,
    "executable": "",
    "phase": "",
    "progress": None,
    "ready_at": None,
}


def stopped(engine_id: int, generation: int, verdict: Verdict) -> int:
    return Engine.objects.filter(pk=engine_id).change_state(
        states.STOPPED,
        observed_generation=generation,
        reason_code=verdict.code,
        reason=verdict.sentence,
        advice=verdict.advice,
        retry_at=None,
        n_failures=0,
        **NO_PROCESS,
    )


def failed(engine_id: int, verdict: Verdict, retry_at: datetime | None, n_failures: int) -> int:
    return Engine.objects.filter(pk=engine_id).change_state(
        states.FAILED,
        reason_code=verdict.code,
        reason=verdict.sentence,
        advice=verdict.advice,
        retry_at=retry_at,
        n_failures=n_failures,
        **NO_PROCESS,
    )


def count_restart(engine_id: int) -> None:
    Engine.objects.filter(pk=engine_id).update(n_restarts=F("n_restarts") + 1)


def used(engine_id: int) -> None:
    Engine.objects.filter(pk=engine_id).used()


def let_go(engine_id: int, generation: int) -> int:
    """Nobody wants it any more, unless somebody has asked for it meanwhile."""
    rows = Engine.objects.filter(pk=engine_id, desired="running", generation=generation)
    return rows.want("stopped")


def described(engine_id: int) -> dict[str, Any] | None:
    """What an event says of an engine."""
    names = ("state", "desired", "phase", "progress", "reason_code", "reason", "port", "pid")
    row = Engine.objects.filter(pk=engine_id).values(*names, "llama_model_id").first()
    return None if row is None else {"id": engine_id, "model": row.pop("llama_model_id"), **row}
