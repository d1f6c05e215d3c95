"""Ollama's questions about models. Its clients want a digest and details of each."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from llamadash import formats
from llamadash.version import VERSION
from proxy_app.catalogue import Entry
from proxy_app.core.body_checks import bad
from proxy_app.dialects.call import Call, Said

# What its clients compare; a version of ours would look too old to them.
_OLLAMA = "0.12.0"


async def version(call: Call) -> Said:
    """llama-swap has the same path with other words: both are said."""
    return Said({"version": _OLLAMA, "llamadash": VERSION, "commit": "", "build_date": ""})


async def tags(call: Call) -> Said:
    return Said({"models": [_row(entry) for entry in await _usable(call)]})


async def loaded(call: Call) -> Said:
    await call.gateway.engines.be_fresh()
    found = []
    for entry in await _usable(call):
        seen = call.gateway.engines.seen.get(entry.target)
        if seen is not None and seen.state == "ready":
            found.append({**_row(entry), "expires_at": None, "size_vram": None})
    return Said({"models": found})


async def show(call: Call) -> Said:
    name = call.body.get("model") or call.body.get("name")
    if not isinstance(name, str):
        raise bad("The request names no model: give `model`.", "model_missing")
    entry = await call.entry(name)
    row = _row(entry)
    can = ["embedding"] if entry.kind == "embedding" else ["completion", *entry.capabilities]
    return Said(
        {
            "modelfile": "",
            "parameters": "",
            "template": "",
            "details": row["details"],
            "model_info": _info(entry),
            "capabilities": can,
            "modified_at": row["modified_at"],
        }
    )


def _info(entry: Entry) -> dict[str, Any]:
    """Under the names of a GGUF file; what is not known is left out."""
    architecture = entry.architecture
    found = {
        "general.architecture": architecture or None,
        "general.basename": entry.name,
        "general.parameter_count": entry.parameters,
        f"{architecture or 'general'}.context_length": entry.context_length,
    }
    return {name: value for name, value in found.items() if value is not None}


async def _usable(call: Call) -> list[Entry]:
    names = await call.gateway.catalogue.names()
    return [entry for entry in names.entries if call.holder.may_use(entry.model_id)]


def _row(entry: Entry) -> dict[str, Any]:
    # Of what names it: nobody reads whole files for a checksum.
    digest = hashlib.sha256(f"{entry.target} {entry.size_bytes}".encode()).hexdigest()
    return {
        "name": entry.id,
        "model": entry.id,
        "modified_at": datetime.fromtimestamp(entry.created, UTC).isoformat(),
        "size": entry.size_bytes,
        "digest": digest,
        "details": {
            "parent_model": "",
            "format": "gguf",
            "family": entry.architecture,
            "families": [entry.architecture] if entry.architecture else [],
            "parameter_size": "" if entry.parameters is None else formats.count(entry.parameters),
            "quantization_level": entry.quantization or "unknown",
        },
    }
