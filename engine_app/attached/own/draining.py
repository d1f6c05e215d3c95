"""Waits for what the models of our router are answering, before it ends."""

from __future__ import annotations

import asyncio
import importlib
import time
from typing import Final

from engine_app.attached.client import Client, Unreachable, Wrong
from engine_app.core import server_answers, slots
from engine_app.core.server_address import Address
from engine_app.health import HOST
from engine_app.running.launching import Running
from engine_app.running.waiting import first_of

LOOK_SECONDS: Final = 2.0
ANSWER_SECONDS: Final = 2.0
NOT_LOADED: Final = 400  # any more, since it was listed


async def drain(running: Running, seconds: float) -> None:
    """Returns when none answers a request, after that time at the latest."""
    deadline = time.monotonic() + seconds
    await asyncio.to_thread(importlib.import_module, "aiohttp")  # not while others wait
    async with Client(Address("http", HOST, running.port), running.key) as client:
        while (left := deadline - time.monotonic()) > 0 and not running.child.ended.is_set():
            if not await may_be_busy(client, min(left, ANSWER_SECONDS)):
                return
            left = max(0.0, deadline - time.monotonic())
            await first_of(min(left, LOOK_SECONDS), running.child.ended.wait)


async def may_be_busy(client: Client, seconds: float = ANSWER_SECONDS) -> bool:
    """Also when it does not say. Only models that are loaded are asked: a question wakes one that
    sleeps."""
    try:
        reply = await client.get("/models", seconds=seconds)
    except (Unreachable, Wrong):
        return True
    offer = server_answers.read_models(reply.json()) if reply.is_ok else None
    if offer is None:
        return True
    loaded = [each.model_id for each in offer.models if each.state == server_answers.LOADED]
    return any(await asyncio.gather(*(_may_be_busy(client, each, seconds) for each in loaded)))


async def _may_be_busy(client: Client, model_id: str, seconds: float) -> bool:
    query = {"model": model_id, "autoload": "false"}
    try:
        reply = await client.get("/slots", query, seconds=seconds)
    except (Unreachable, Wrong):
        return True  # it answers between two steps, which are long on a slow machine
    if reply.status == NOT_LOADED:
        return False
    told = slots.parse(reply.body) if reply.is_ok else None
    return told is None or slots.n_busy(told) > 0
