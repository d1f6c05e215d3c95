"""The list of models as OpenAI's and llama.cpp's clients read it: what can be asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from proxy_app.catalogue import Entry, Names
from proxy_app.core.errors import GatewayError
from proxy_app.engines import Engines, Seen
from proxy_app.holders import Holder
from proxy_app.routing import Rules

# llama.cpp's words for what an engine does.
_WORDS = {"ready": "loaded", "starting": "loading", "stopping": "loaded"}


def models(names: Names, engines: Engines, holder: Holder, rules: Rules) -> dict[str, Any]:
    """All on one page, which Anthropic's clients want to be told."""
    entries = [entry for entry in names.entries if holder.may_use(entry.model_id)]
    found = {entry.id: model(entry, engines) for entry in entries}
    found.update(besides(names, engines, holder, rules))
    ids = sorted(found)
    return {
        "object": "list",
        "data": [found[name] for name in ids],
        "has_more": False,
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
    }


def besides(
    names: Names, engines: Engines, holder: Holder, rules: Rules
) -> dict[str, dict[str, Any]]:
    """Names that are no model's own: those of several models, and those of the active profile. Each
    is described by a model that it stands for."""
    stand_for = {name: ("selector", each.members) for name, each in rules.virtual.items()}
    for name, target in rules.pins.items():
        virtual = rules.virtual.get(target)
        stand_for[name] = ("profile", (target,) if virtual is None else virtual.members)
    found = {}
    for name, (kind, members) in stand_for.items():
        there = [names.find(member) for member in members]
        usable = [entry for entry in there if entry and holder.may_use(entry.model_id)]
        if usable:
            found[name] = _named(name, kind, usable, engines)
    return found


def _named(name: str, kind: str, usable: list[Entry], engines: Engines) -> dict[str, Any]:
    loaded = [entry for entry in usable if engines.address(entry.target) is not None]
    row = model((loaded or usable)[0], engines)
    meta = {**row["meta"], "llamaswap": {"type": kind, "aliases": []}}
    return {**row, "id": name, "name": name, "display_name": name, "aliases": [], "meta": meta}


def model(entry: Entry, engines: Engines) -> dict[str, Any]:
    """Every client reads its own words of it: OpenAI's, Anthropic's, llama.cpp's, llama-swap's."""
    sees = "vision" in entry.capabilities
    return {
        "id": entry.id,
        "object": "model",
        "type": "model",
        "created": entry.created,
        "created_at": datetime.fromtimestamp(entry.created, UTC).isoformat(),
        "owned_by": "llamadash",
        "name": entry.name,
        "display_name": entry.name,
        "aliases": list(entry.aliases),
        "tags": [],
        "source": "models_dir",
        "can_remove": False,
        "status": status(engines.seen.get(entry.target)),
        "architecture": {
            "input_modalities": ["text", "image"] if sees else ["text"],
            "output_modalities": ["text"],
        },
        "capabilities": [entry.kind, *entry.capabilities],
        "context_length": entry.context_length,
        "meta": {
            "n_ctx_train": entry.context_length,
            "size": entry.size_bytes,
            "llamaswap": {"type": "model", "aliases": list(entry.aliases)},
        },
    }


def status(seen: Seen | None) -> dict[str, Any]:
    """In the words of llama.cpp's router."""
    if seen is None:
        return {"value": "unloaded"}
    if seen.is_sleeping:
        return {"value": "sleeping"}
    found: dict[str, Any] = {"value": _WORDS.get(seen.state, "unloaded")}
    if seen.state == "failed":
        found["failed"] = True
    if seen.state == "starting" and seen.progress is not None:
        stages = {"stages": ["text_model"], "current": "text_model"}
        found["progress"] = {**stages, "value": seen.progress}
    return found


async def unknown(name: str, names: Names, holder: Holder) -> GatewayError:
    near = [each for each in await names.soon_near(name) if _may_use(names, each, holder)]
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    shown = name if len(name) <= 100 else f"{name[:100]}…"
    return GatewayError(404, "model_not_found", f"There is no model {shown!r}.{hint}")


def _may_use(names: Names, name: str, holder: Holder) -> bool:
    entry = names.find(name)
    return entry is not None and holder.may_use(entry.model_id)
