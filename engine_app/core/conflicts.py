"""Options that are right one by one and cannot be given together."""

from __future__ import annotations

from collections.abc import Mapping

from engine_app.core.flag_kinds import Value
from models_app.core.launch_options import CACHE_TYPES


def conflicts(options: Mapping[str, Value]) -> dict[str, str]:
    """Name -> why, in words; empty when all is well."""
    found: dict[str, str] = {}
    type_v = options.get("cache-type-v", "f16")
    if options.get("flash-attn") == "off" and CACHE_TYPES.get(str(type_v), (1, 2))[0] > 1:
        found["cache-type-v"] = f"{type_v} needs flash attention, which is off."
    context, slots = options.get("ctx-size", 0), options.get("parallel", 1)
    if isinstance(context, int) and isinstance(slots, int) and 0 < context < slots:
        found["ctx-size"] = f"{slots} slots cannot share {context} tokens."
    if options.get("embeddings") is True and options.get("reranking") is True:
        found["embeddings"] = "An engine serves embeddings or reranking, not both."
    return found
