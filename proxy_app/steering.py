"""Loads and unloads models for those who ask the gateway for it."""

from __future__ import annotations

import asyncio
from typing import Final

from engine_app import control, options
from engine_app.control import EngineRefused
from engine_app.core import ledger
from engine_app.memory import planning
from engine_app.models import Engine, Preset
from models_app.models import LlamaModel
from proxy_app.catalogue import Entry
from proxy_app.core.errors import GatewayError
from proxy_app.engines import WATCHED_SECONDS, Engines
from proxy_app.holders import Holder
from proxy_app.rows import written

STOP_SECONDS: Final = 60.0


async def load(entry: Entry) -> int:
    """Wants it to run; the generation that stands for this start. Raises GatewayError."""
    try:
        return await written(start_rows, entry.model_id, entry.preset_id)
    except EngineRefused as error:
        raise GatewayError(409, "model_unavailable", str(error)) from error


async def unload(engine_id: int) -> None:
    await written(_stop, engine_id)


async def unload_all(engines: Engines, holder: Holder) -> None:
    """Of the models that the holder may use; waits until they have stopped. Raises GatewayError."""
    await engines.be_fresh(WATCHED_SECONDS)
    running = [
        seen.engine_id
        for seen in engines.seen.values()
        if _runs(seen.state) and holder.may_use(seen.model_id)
    ]
    for engine_id in running:
        await unload(engine_id)
    await until_stopped(engines, set(running))


async def until_stopped(engines: Engines, engine_ids: set[int]) -> None:
    try:
        async with asyncio.timeout(STOP_SECONDS):
            while _still_run(engines, engine_ids):
                await asyncio.sleep(WATCHED_SECONDS)
                await engines.be_fresh(WATCHED_SECONDS)
    except TimeoutError:
        raise GatewayError(504, "still_stopping", "The engine has not stopped yet.") from None


def _still_run(engines: Engines, engine_ids: set[int]) -> bool:
    return any(
        seen.engine_id in engine_ids and (seen.is_wanted or _runs(seen.state))
        for seen in engines.seen.values()
    )


def _runs(state: str) -> bool:
    return state not in ("stopped", "failed")


def start_rows(model_id: int, preset_id: int | None) -> int:
    """Raises EngineRefused."""
    model = LlamaModel.objects.filter(pk=model_id).first()
    if model is None:
        raise EngineRefused("The model is not there any more.")
    preset = None if preset_id is None else Preset.objects.filter(pk=preset_id).first()
    if preset_id is not None and preset is None:
        raise EngineRefused("The preset is not there any more.")
    return control.start(model, preset).generation


def victims(model_id: int, preset_id: int | None, busy: set[int]) -> frozenset[int]:
    """Engines that have to go before this one can start; those that are busy only where no others
    make room. Looks at devices and processes: some milliseconds."""
    model = LlamaModel.objects.filter(pk=model_id).first()
    if model is None or options.MEMORY_CHECK.get() != options.REFUSE:
        return frozenset()
    preset = None if preset_id is None else Preset.objects.filter(pk=preset_id).first()
    for counted in (busy, set[int]()):
        plan = planning.plan_of(model, preset, counted)
        if plan.outcome != ledger.NO_ROOM:
            break
    return frozenset(each.engine for each in plan.evict)


def _stop(engine_id: int) -> None:
    engine = Engine.objects.filter(pk=engine_id).first()
    if engine is not None:
        control.stop(engine)
