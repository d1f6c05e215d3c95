"""llama-swap's own paths: what runs, and unloading it."""

from __future__ import annotations

from typing import Any, Final

from proxy_app import steering
from proxy_app.core.errors import GatewayError
from proxy_app.dialects.call import Call, Said
from proxy_app.engines import WATCHED_SECONDS, Seen

_STATES: Final = {"ready": "ready", "starting": "starting", "stopping": "stopping"}


async def running(call: Call) -> Said:
    names = await call.gateway.catalogue.names()
    await call.gateway.engines.be_fresh()
    found: list[dict[str, Any]] = []
    for entry in names.entries:
        seen = call.gateway.engines.seen.get(entry.target)
        if seen is not None and seen.state in _STATES and call.holder.may_use(entry.model_id):
            found.append(_row(entry.id, entry.name, seen))
    return Said({"running": found})


def _row(model: str, name: str, seen: Seen) -> dict[str, Any]:
    """Neither its command line nor its address: nobody but us talks to an engine."""
    return {
        "model": model,
        "name": name,
        "state": _STATES[seen.state],
        "cmd": "",
        "proxy": "",
        "ttl": 0,
        "description": seen.reason,
    }


async def unload(call: Call) -> Said:
    await steering.unload_all(call.gateway.engines, call.holder)
    return Said(text="OK")


async def unload_all(call: Call) -> Said:
    await steering.unload_all(call.gateway.engines, call.holder)
    return Said({"msg": "ok"})


async def unload_one(call: Call) -> Said:
    entry = await call.entry(call.rest)
    engines = call.gateway.engines
    await engines.be_fresh(WATCHED_SECONDS)
    seen = engines.seen.get(entry.target)
    if seen is None:
        raise GatewayError(404, "not_found", "The model is not running.")
    await steering.unload(seen.engine_id)
    await steering.until_stopped(engines, {seen.engine_id})
    return Said(text="OK")
