"""Questions that are put to an engine for somebody: only those that change and reveal nothing."""

from __future__ import annotations

from typing import Any, Final

from engine_app.health import NoAnswer, NotListening, Reply, get
from proxy_app.catalogue import Entry
from proxy_app.core.errors import GatewayError
from proxy_app.dialects.call import Call, Said
from proxy_app.engines import WATCHED_SECONDS

# Where files lie on this machine is nobody's business.
_PRIVATE: Final = frozenset({"model_path"})
# All others load, save, erase or generate, or show files: they have paths of ours, or none.
UPSTREAM: Final = ("health", "metrics", "props", "slots")


async def asked(call: Call, entry: Entry, path: str, not_loaded: GatewayError) -> Reply:
    """Of an engine that runs: none is started or woken to be asked."""
    engines = call.gateway.engines
    await engines.be_fresh(WATCHED_SECONDS)
    address, seen = engines.address(entry.target), engines.seen.get(entry.target)
    if address is None or seen is None:
        raise not_loaded
    if seen.is_sleeping and path == "/slots":
        raise GatewayError(409, "model_sleeping", "The model sleeps: looking would wake it.")
    try:
        reply = await get(address.port, path, key=address.key)
    except (NotListening, NoAnswer) as error:
        raise GatewayError(502, "engine_gone", "The engine does not answer.") from error
    if not reply.is_ok:
        raise GatewayError(reply.status, "engine", f"The engine answers {reply.status}.")
    return reply


def public(said: Any) -> Any:
    if not isinstance(said, dict):
        return said
    return {name: value for name, value in said.items() if name not in _PRIVATE}


async def upstream(call: Call) -> Said:
    """llama-swap's `/upstream/<model>/<path>`."""
    name, _, path = call.rest.rpartition("/")
    if path not in UPSTREAM or not name:
        paths = ", ".join(f"/{each}" for each in UPSTREAM)
        message = f"Of an engine's own paths these can be read: {paths}."
        raise GatewayError(404, "not_found", message)
    entry = await call.entry(name)
    not_loaded = GatewayError(409, "model_not_loaded", "The model is not loaded.")
    reply = await asked(call, entry, f"/{path}", not_loaded)
    if path == "metrics":
        return Said(text=reply.body.decode("utf-8", "replace"))
    return Said(public(reply.json()))
