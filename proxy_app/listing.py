"""The list of models as OpenAI's and llama.cpp's clients read it: what can be asked for."""

from __future__ import annotations

from typing import Any

from proxy_app.catalogue import Entry, Names
from proxy_app.core.errors import GatewayError
from proxy_app.engines import Engines
from proxy_app.holders import Holder

# llama.cpp's words for what an engine does.
_WORDS = {"ready": "loaded", "starting": "loading", "stopping": "loaded"}


def models(names: Names, engines: Engines, holder: Holder) -> dict[str, Any]:
    entries = [entry for entry in names.entries if holder.may_use(entry.model_id)]
    return {"object": "list", "data": [model(entry, engines) for entry in entries]}


def model(entry: Entry, engines: Engines) -> dict[str, Any]:
    seen = engines.seen.get(entry.target)
    status: dict[str, Any] = {"value": _WORDS.get(seen.state if seen else "", "unloaded")}
    if seen is not None and seen.state == "failed":
        status["failed"] = True
    if seen is not None and seen.state == "starting" and seen.progress is not None:
        status["progress"] = {"stages": ["text_model"], "current": "text_model"}
        status["progress"]["value"] = seen.progress
    sees = "vision" in entry.capabilities
    return {
        "id": entry.id,
        "object": "model",
        "created": entry.created,
        "owned_by": "llamadash",
        "name": entry.name,
        "aliases": list(entry.aliases),
        "tags": [],
        "status": status,
        "architecture": {
            "input_modalities": ["text", "image"] if sees else ["text"],
            "output_modalities": ["text"],
        },
        "capabilities": [entry.kind, *entry.capabilities],
        "context_length": entry.context_length,
        "meta": {"n_ctx_train": entry.context_length, "size": entry.size_bytes},
    }


def unknown(name: str, names: Names, holder: Holder) -> GatewayError:
    near = [each for each in names.near(name) if _may_use(names, each, holder)]
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    shown = name if len(name) <= 100 else f"{name[:100]}…"
    return GatewayError(404, "model_not_found", f"There is no model {shown!r}.{hint}")


def _may_use(names: Names, name: str, holder: Holder) -> bool:
    entry = names.find(name)
    return entry is not None and holder.may_use(entry.model_id)
