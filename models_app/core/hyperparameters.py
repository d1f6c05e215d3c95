"""Typed access to the `{architecture}.*` key-values that the memory estimate needs.

Works on a header just read (arrays are ArrayValue) and on what was stored of it as JSON (arrays
are objects with "type", "count", "items"). Any key may hold any type: a key that is absent is
None, a key that is there but useless is an EstimateError, never a silent default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

from models_app.core.gguf import ArrayValue
from models_app.core.tensors import MAX_LAYERS

# llama.cpp reads these as 32-bit numbers; larger ones are refused there too.
MAX_VALUE: Final = (1 << 31) - 1

_ARCHITECTURE: Final = "general.architecture"
_TOKENS: Final = "tokenizer.ggml.tokens"


class EstimateError(ValueError):
    """Why no estimate can be given, in words for the person who asked."""


class Hyperparameters:
    def __init__(self, values: Mapping[str, object]) -> None:
        architecture = values.get(_ARCHITECTURE)
        if not isinstance(architecture, str) or not architecture:
            raise EstimateError("the model does not name its architecture")
        self.architecture = architecture
        self._values = values
        # Every layer asks again: an array is checked once, not once a layer.
        self._arrays: dict[str, Sequence[int]] = {}

    def integer(self, key: str, layer: int | None = None) -> int | None:
        """The number, or the entry of this layer where there is one for each; None if absent.

        Without a layer, or past the end of a short array, the largest entry counts.
        """
        value = self._raw(key)
        if value is None:
            return None
        if _is_number(value):
            return cast("int", value)
        entries = self._entries(key, value)
        return entries[layer] if layer is not None and layer < len(entries) else max(entries)

    def needed(self, key: str, layer: int | None = None) -> int:
        value = self.integer(key, layer)
        if value is None:
            raise EstimateError(f"the model does not state {self.architecture}.{key}")
        return value

    def is_false(self, key: str) -> bool:
        return self._raw(key) is False

    def flags(self, key: str) -> Sequence[bool] | None:
        """An array of booleans (or of 0 and 1); None when the key is absent or not an array."""
        items = _items(self._raw(key))
        return None if items is None else [item is True or item == 1 for item in items]

    def has_any(self, prefix: str) -> bool:
        start = f"{self.architecture}.{prefix}"
        return any(key.startswith(start) for key in self._values)

    def token_count(self) -> int | None:
        value = self._values.get(_TOKENS)
        count = value.get("count") if isinstance(value, dict) else getattr(value, "count", None)
        return cast("int", count) if _is_number(count) else None

    def blocks(self) -> int:
        """Repeated layers in the file, multi-token prediction layers included."""
        count = self.needed("block_count")
        if not 0 < count <= MAX_LAYERS:
            raise EstimateError(f"the model states {count} layers, not 1 to {MAX_LAYERS}")
        return count

    def layers(self) -> int:
        """Layers that take part in ordinary generation: they alone get a cache."""
        count = self.blocks() - (self.integer("nextn_predict_layers") or 0)
        if count <= 0:
            raise EstimateError("the model states no layers but prediction layers")
        return count

    def _raw(self, key: str) -> object:
        return self._values.get(f"{self.architecture}.{key}")

    def _entries(self, key: str, value: object) -> Sequence[int]:
        if key not in self._arrays:
            items = _items(value)
            if not items or not all(map(_is_number, items)):
                raise EstimateError(f"{self.architecture}.{key} is not a usable number")
            self._arrays[key] = cast("Sequence[int]", items)
        return self._arrays[key]


def estimate_keys(values: Mapping[str, object]) -> dict[str, object]:
    """The key-values an estimate can ask for: enough to keep if the rest is thrown away.

    These are the architecture, every number, boolean and per-layer array of the architecture, and
    the token list, of which only the count matters.
    """
    architecture = values.get(_ARCHITECTURE)
    if not isinstance(architecture, str):
        return {}
    kept: dict[str, object] = {_ARCHITECTURE: architecture}
    if _TOKENS in values:
        kept[_TOKENS] = values[_TOKENS]
    prefix = f"{architecture}."
    return kept | {
        key: value
        for key, value in values.items()
        if key.startswith(prefix) and not isinstance(value, str)
    }


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_VALUE


def _items(value: object) -> Sequence[object] | None:
    """The items of an array in either form; an array whose items were not kept has none."""
    if isinstance(value, ArrayValue):
        return value.items or []
    if isinstance(value, dict):
        items = value.get("items")
        return items if isinstance(items, list) else []
    return None
