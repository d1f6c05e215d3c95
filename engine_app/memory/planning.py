"""What would happen if a model were started now."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from asgiref.sync import async_to_sync
from django.conf import settings
from django.utils import timezone

from engine_app import engine_help
from engine_app.core import ledger, states
from engine_app.core.ledger import Need, Occupant, Plan
from engine_app.health import busy_slots
from engine_app.memory.advice import advice
from engine_app.memory.need import Question, question
from engine_app.memory.occupants import Present, Scene, occupants, routers, scene
from engine_app.memory.places import places
from engine_app.memory.plan_words import as_json
from engine_app.memory.taken import taken
from engine_app.models import Engine, Preset
from engine_app.presets import effective_options
from engine_app.running import key_files
from llamadash.perf import timed
from models_app.models import LlamaModel

BUSY_SECONDS: Final = 2.0


@timed("engines.plan")
def plan_for(
    model: LlamaModel, preset: Preset | None = None, *, exact: bool = False
) -> dict[str, Any]:
    """The plan of a start, as JSON. Starts nothing, reserves nothing. With `exact` it takes the
    time that a start takes for this: a page should not."""
    asked = _question(model, preset)
    engine = Engine.objects.filter(llama_model=model, preset=preset, node=settings.NODE).first()
    now = scene(settings.NODE, engine.pk if engine else None)
    plan = look(asked, asked.answer(exact=exact), now, async_to_sync(_busy)(now.there))
    return as_json(plan, advice(asked, plan), timezone.now())


def plan_of(model: LlamaModel, preset: Preset | None, busy: Collection[int]) -> Plan:
    """Of a start, if those were busy. Asks no engine, and no other program."""
    asked = _question(model, preset)
    engine = Engine.objects.filter(llama_model=model, preset=preset, node=settings.NODE).first()
    now = scene(settings.NODE, engine.pk if engine else None)
    return look(asked, asked.answer(exact=False), now, busy)


def _question(model: LlamaModel, preset: Preset | None) -> Question:
    binary = engine_help.binary(preset.binary_key if preset else "")
    return question(model, effective_options(model, preset).options, binary)


def look(
    asked: Question,
    need: Need | None,
    now: Scene,
    busy: Collection[int],
    *,
    left: Iterable[tuple[int, str, Mapping[str, int]]] = (),
    may_evict: bool = True,
) -> Plan:
    """Reads devices and processes, and no rows. `left` are number, name and bytes of engines that
    have ended and whose memory may not be free yet. Blocks: not in an event loop."""
    where = places(asked.gpu, now.margin_bytes)
    pids = {each.pid for each in now.there if each.pid is not None}
    seen = taken(pids | ({now.router_pid} if now.router_pid is not None else set()))
    gone = [Occupant(n, name, states.STOPPING, where.fold(held), {}) for n, name, held in left]
    there = [*occupants(now.there, seen, where, busy), *gone]
    there += routers(now.router_pid, seen, where)
    if need is not None:
        need = replace(need, devices=where.fold(need.devices))
    return ledger.plan(need, where.devices, there, may_evict=may_evict)


async def _busy(there: Iterable[Present]) -> set[int]:
    """Those that answer requests, or do not say that they do not."""
    asked = [(each, each.port) for each in there if each.state == states.READY and each.port]
    counts = await asyncio.gather(
        *(
            busy_slots(port, key_files.key_of(each.engine), seconds=BUSY_SECONDS)
            for each, port in asked
        )
    )
    return {each.engine for (each, _), count in zip(asked, counts, strict=True) if count != 0}
