"""Starting points for a new preset; figures follow from what the model's file states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from engine_app.core.flag_kinds import Value


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """None where nobody knows."""

    kind: str = "chat"
    trained_context: int | None = None
    largest_context: int | None = None  # that fits into memory now, with a q8_0 cache
    layers_that_fit: int | None = None  # on the GPU, when not all do

    def context(self, wanted: int) -> int:
        limits = [limit for limit in (self.trained_context, self.largest_context) if limit]
        return min([wanted, *limits])


@dataclass(frozen=True, slots=True)
class PresetTemplate:
    key: str
    label: str
    help: str
    options: Callable[[ModelFacts], dict[str, Value]]


# Halves the cache against f16, at a loss that is hard to see.
_SMALL_CACHE: Final[dict[str, Value]] = {
    "cache-type-k": "q8_0", "cache-type-v": "q8_0", "flash-attn": "on",
}  # fmt: skip
_CHUNK: Final = 256  # contexts are whole multiples of it


def _chat(facts: ModelFacts) -> dict[str, Value]:
    return {"ctx-size": facts.context(16_384), "jinja": True, "temp": 0.7, "top-p": 0.9}


def _code(facts: ModelFacts) -> dict[str, Value]:
    context: dict[str, Value] = {"ctx-size": facts.context(32_768), "parallel": 1}
    return context | _SMALL_CACHE | {"jinja": True, "temp": 0.2, "top-p": 0.95}


def _long(facts: ModelFacts) -> dict[str, Value]:
    wanted = facts.trained_context or facts.largest_context or 65_536
    context = facts.context(wanted)
    whole = context // _CHUNK * _CHUNK or context
    return {"ctx-size": whole, "parallel": 1, **_SMALL_CACHE}


def _low_memory(facts: ModelFacts) -> dict[str, Value]:
    found: dict[str, Value] = {
        "ctx-size": facts.context(4096), "parallel": 1, "batch-size": 256, "ubatch-size": 256,
        "cache-ram": 0, **_SMALL_CACHE,
    }  # fmt: skip
    if facts.layers_that_fit is not None:
        found["n-gpu-layers"] = facts.layers_that_fit
    return found


def _embedding(facts: ModelFacts) -> dict[str, Value]:
    """An input must fit into one micro-batch, or the engine refuses it."""
    context = facts.context(8192)
    return {"ctx-size": context, "batch-size": context, "ubatch-size": context, "embeddings": True}


TEMPLATES: Final[dict[str, PresetTemplate]] = {
    each.key: each
    for each in (
        PresetTemplate("chat", "Chat", "a talk of some pages", _chat),
        PresetTemplate("code", "Code", "long prompts, few surprises", _code),
        PresetTemplate("long-context", "Long context", "all that fits, for one request", _long),
        PresetTemplate("low-memory", "Low memory", "as little as is useful", _low_memory),
        PresetTemplate("embedding", "Embedding", "inputs as long as trained", _embedding),
    )
}


def suggested(kind: str) -> str:
    return "embedding" if kind == "embedding" else "chat"
