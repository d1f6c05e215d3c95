"""llama.cpp's router: what its clients ask about models, and how they load and unload them."""

from __future__ import annotations

from typing import Any, Final

import orjson

from llamadash.version import VERSION
from proxy_app import listing, steering
from proxy_app.core.errors import GatewayError
from proxy_app.core.sse import encoded
from proxy_app.dialects.call import Call, Said
from proxy_app.dialects.engine_questions import asked, public
from proxy_app.dialects.feeds import feed
from proxy_app.engines import WATCHED_SECONDS, Seen

FEED_SECONDS: Final = 0.25


async def health(call: Call) -> Said:
    return Said(text="OK") if call.accepts_text else Said({"status": "ok"})


async def models(call: Call) -> Said:
    gateway = call.gateway
    names = await gateway.catalogue.names()
    await gateway.engines.be_fresh()
    rules = await gateway.routing.rules()
    return Said(listing.models(names, gateway.engines, call.holder, rules))


async def model(call: Call) -> Said:
    gateway = call.gateway
    names = await gateway.catalogue.names()
    await gateway.engines.be_fresh()
    rules = await gateway.routing.rules()
    named = listing.besides(names, gateway.engines, call.holder, rules).get(call.rest)
    if named is not None:
        return Said(named)
    entry = names.find(call.rest)
    if entry is None or not call.holder.may_use(entry.model_id):
        raise await listing.unknown(call.rest, names, call.holder)
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
    return Said(public(await _asked(call, "/props")))


async def slots(call: Call) -> Said:
    if not call.query.get("model"):
        raise _bad("model name is missing from the request")
    return Said(await _asked(call, "/slots"))


async def changes(call: Call) -> Said:
    """What engines do, as llama.cpp's `/models/sse` tells it."""
    await call.gateway.engines.be_fresh(FEED_SECONDS)
    known = await _states(call)  # before the answer begins: nothing after it is missed

    async def news() -> list[bytes]:
        nonlocal known
        await call.gateway.engines.be_fresh(FEED_SECONDS)
        before, known = known, await _states(call)
        return _differences(before, known)

    return Said(events=feed(news, FEED_SECONDS))


def _differences(before: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]]) -> list[bytes]:
    """Its documentation calls all of them `model_status`, its code only the begin of a load."""
    found = []
    for name, status in now.items():
        known = before.get(name, status)
        if known != status:
            begins = status["status"] == "loading" != known["status"]
            found.append(_event(name, "model_status" if begins else "status_change", status))
    found += [_event(name, "model_remove") for name in before if name not in now]
    if before.keys() != now.keys():
        found.append(_event("*", "models_reload"))
    return found


def _event(model: str, event: str, data: dict[str, Any] | None = None) -> bytes:
    said: dict[str, Any] = {"model": model, "event": event}
    if data is not None:
        said["data"] = data
    return encoded(orjson.dumps(said))


async def _states(call: Call) -> dict[str, dict[str, Any]]:
    names = await call.gateway.catalogue.names()
    seen = call.gateway.engines.seen
    found: dict[str, dict[str, Any]] = {}
    for entry in names.entries:
        if call.holder.may_use(entry.model_id):
            said = listing.status(seen.get(entry.target))
            found[entry.id] = {"status": said.pop("value"), **said}
    return found


async def _seen(call: Call, target: str) -> Seen | None:
    await call.gateway.engines.be_fresh(WATCHED_SECONDS)
    return call.gateway.engines.seen.get(target)


async def _asked(call: Call, path: str) -> Any:
    entry = await call.entry(call.query.get("model"))
    return (await asked(call, entry, path, _bad("model is not loaded"))).json()


def _bad(message: str) -> GatewayError:
    return GatewayError(400, "bad_request", message)
