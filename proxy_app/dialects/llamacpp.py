"""llama.cpp's router: what its clients ask about models, and how they load and unload them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import orjson

from engine_app.health import NoAnswer, NotListening, get
from llamadash.version import VERSION
from proxy_app import listing, steering
from proxy_app.core.errors import GatewayError
from proxy_app.core.sse import encoded
from proxy_app.dialects.call import Call, Said
from proxy_app.engines import WATCHED_SECONDS, Address, Seen

BEAT_SECONDS: Final = 15.0
FEED_SECONDS: Final = 0.25
# Where files lie on this machine is nobody's business.
_PRIVATE: Final = ("model_path",)


async def health(call: Call) -> Said:
    return Said(text="OK") if call.accepts_text else Said({"status": "ok"})


async def models(call: Call) -> Said:
    gateway = call.gateway
    names = await gateway.catalogue.names()
    await gateway.engines.be_fresh()
    return Said(listing.models(names, gateway.engines, call.holder))


async def model(call: Call) -> Said:
    gateway = call.gateway
    names = await gateway.catalogue.names()
    await gateway.engines.be_fresh()
    entry = names.find(call.rest)
    if entry is None or not call.holder.may_use(entry.model_id):
        raise listing.unknown(call.rest, names, call.holder)
    return Said(listing.model(entry, gateway.engines))


async def load(call: Call) -> Said:
    entry = await call.entry(call.body.get("model"))
    seen = await _seen(call, entry.target)
    if seen is not None and seen.state in ("ready", "starting"):
        raise _bad("model is already running")
    await steering.load(entry)
    call.gateway.line.engines_changed()
    return Said({"success": True})


async def unload(call: Call) -> Said:
    entry = await call.entry(call.body.get("model"), _bad("model is not found"))
    seen = await _seen(call, entry.target)
    if seen is None or seen.state in ("stopped", "failed"):
        raise _bad("model is not running")
    await steering.unload(seen.engine_id)
    call.gateway.line.engines_changed()
    return Said({"success": True})


async def properties(call: Call) -> Said:
    """Without a model those of a router, so that its clients know what they talk to."""
    if not call.query.get("model"):
        return Said(
            {
                "role": "router",
                "max_instances": 0,
                "models_autoload": True,
                "model_alias": "llamadash",
                "model_path": "none",
                "default_generation_settings": {"params": {}, "n_ctx": 0},
                "ui_settings": {},
                "build_info": f"llamadash-{VERSION}",
                "cors_proxy_enabled": False,
            }
        )
    said = await _asked(call, "/props")
    if isinstance(said, dict):
        for name in _PRIVATE:
            said.pop(name, None)
    return Said(said)


async def slots(call: Call) -> Said:
    if not call.query.get("model"):
        raise _bad("model name is missing from the request")
    return Said(await _asked(call, "/slots"))


async def feed(call: Call) -> Said:
    return Said(events=_changes(call))


async def _changes(call: Call) -> AsyncIterator[bytes]:
    """What engines do, as llama.cpp's `/models/sse` tells it."""
    engines, known = call.gateway.engines, await _states(call)
    quiet = 0.0
    while True:
        await asyncio.sleep(FEED_SECONDS)
        await engines.be_fresh(FEED_SECONDS)
        now = await _states(call)
        quiet += FEED_SECONDS
        for name, status in now.items():
            if known.get(name) != status:
                begins = status.get("status") == "loading" and "progress" not in status
                event = "model_status" if begins else "status_change"
                yield encoded(orjson.dumps({"model": name, "event": event, "data": status}))
                quiet = 0.0
        if known.keys() != now.keys():
            yield encoded(orjson.dumps({"model": "*", "event": "models_reload"}))
        known = now
        if quiet >= BEAT_SECONDS:
            yield b":\n\n"
            quiet = 0.0


async def _states(call: Call) -> dict[str, dict[str, Any]]:
    names = await call.gateway.catalogue.names()
    found: dict[str, dict[str, Any]] = {}
    for entry in names.entries:
        if call.holder.may_use(entry.model_id):
            said = listing.model(entry, call.gateway.engines)["status"]
            found[entry.id] = {"status": said.pop("value"), **said}
    return found


async def _seen(call: Call, target: str) -> Seen | None:
    await call.gateway.engines.be_fresh(WATCHED_SECONDS)
    return call.gateway.engines.seen.get(target)


async def _asked(call: Call, path: str) -> Any:
    """Of an engine that runs: none is started or woken to be asked."""
    entry = await call.entry(call.query.get("model"))
    await _seen(call, entry.target)
    address: Address | None = call.gateway.engines.address(entry.target)
    if address is None:
        raise _bad("model is not loaded")
    try:
        reply = await get(address.port, path, key=address.key)
    except (NotListening, NoAnswer) as error:
        raise GatewayError(502, "engine_gone", "The engine does not answer.") from error
    if not reply.is_ok:
        raise GatewayError(reply.status, "engine", f"The engine answers {reply.status}.")
    return reply.json()


def _bad(message: str) -> GatewayError:
    return GatewayError(400, "bad_request", message)
