from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from agent_app.doctor.agent import lease
from agent_app.doctor.finding import Finding, fail, note, ok
from engine_app.child_environment import owner
from engine_app.core import states
from engine_app.models import Engine, EngineState
from engine_app.running import identity
from engine_app.running.patience import patience
from engine_app.running.survivors import survivors
from llamadash.formats import duration

NAME: Final = "engines"
PROCESSES: Final = "engine processes"
LATE: Final = timedelta(minutes=5)  # of a supervisor that looks every second


def check() -> Iterator[Finding]:
    rows = Engine.objects.here(settings.NODE)
    problems = [*_stuck(), *_failed()]
    yield from problems
    if not problems:
        alive = rows.alive().count()
        yield ok(NAME, f"{alive} of {rows.count()} run")


def _stuck() -> Iterator[Finding]:
    """In a state that ends by itself, for longer than it may take."""
    found = patience()
    for engine in Engine.objects.here(settings.NODE).select_related("llama_model"):
        since = timezone.now() - engine.state_changed_at
        if engine.state in (EngineState.STARTING, EngineState.LOADING):
            allowed = timedelta(seconds=found.start_of(engine.llama_model.size_bytes)) + LATE
        elif engine.state == EngineState.STOPPING:
            allowed = timedelta(seconds=found.drain) + LATE
        else:
            continue
        if since > allowed:
            words = f"{engine.alias} is {engine.state} for {duration(since.total_seconds())}."
            yield fail(NAME, words, "Restart llamadash: it takes over what runs and ends the rest.")


def _failed() -> Iterator[Finding]:
    failed = Engine.objects.here(settings.NODE).filter(state=EngineState.FAILED)
    for engine in failed.select_related("llama_model"):
        words = f"{engine.alias} has failed: it {engine.reason or 'does not say why'}."
        yield note(NAME, words, engine.advice or "Its log has the details.")


def check_processes() -> Iterator[Finding]:
    """Rows against what runs, and the other way round."""
    has_agent = lease().held_by() is not None
    known = survivors(settings.NODE)
    problems = []
    for survivor in known:
        started = survivor.state in (*states.SERVING, states.LOADING)
        if survivor.identity is None:
            why = "its process was never written down" if started else None
        else:
            why = identity.stranger(survivor.identity)
        if why is not None:
            words = f"{survivor.source} is {survivor.state} by its row, but {why}."
            problems.append(_mended(words, has_agent=has_agent))
    groups = {each.identity.pid for each in known if each.identity is not None}
    problems += [
        _mended(f"Process {pid} of engine {engine} belongs to nobody.", has_agent=has_agent)
        for pid, engine in identity.marked(owner())
        if not identity.belongs(pid, groups) and not (has_agent and _is_starting(engine))
    ]
    running = len(groups)
    if running and not has_agent and not problems:
        words = f"{running} engines run, and nobody supervises them."
        problems.append(note(PROCESSES, words, "manage.py serve takes them over."))
    yield from problems or [ok(PROCESSES, f"{running} run, and each has its row")]


def _mended(words: str, *, has_agent: bool) -> Finding:
    if has_agent:
        return fail(
            PROCESSES, words, "Restart llamadash: its start takes over, or ends, what runs."
        )
    return note(PROCESSES, words, "The next start of manage.py serve mends that.")


def _is_starting(engine_id: int) -> bool:
    """Its process is there a moment before its row says so."""
    return Engine.objects.alive().filter(pk=engine_id, pid=None).exists()
