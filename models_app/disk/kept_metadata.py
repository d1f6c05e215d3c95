"""Which of a file's key-values are stored, and in what form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from models_app.core.cleaning import MAX_TEMPLATE
from models_app.core.gguf import ArrayValue, Value, storable
from models_app.core.hyperparameters import estimate_keys

Kept = dict[str, object]

MAX_KEYS: Final = 2048  # the longest real headers have about a hundred
MAX_TEXT: Final = 16 << 10
MAX_ITEMS: Final = 64
MAX_CHARACTERS: Final = 1 << 20  # of all keys and texts, so that no row becomes megabytes
_TEMPLATE: Final = "tokenizer.chat_template"


def kept_metadata(values: Mapping[str, Value]) -> tuple[Kept, list[str]]:
    """The key-values as JSON, and a sentence for what was left out.

    Arrays keep their type and length, and their items when there are few or when a memory
    estimate asks for them (the figures of each layer). Where not all has room, what an estimate
    asks for goes first, wherever it stands in the file. What is kept stays in the file's order.
    """
    needed = estimate_keys(values)
    chosen: Kept = {}
    left = MAX_CHARACTERS
    for key in [*needed, *(key for key in values if key not in needed)]:
        form = _form(key, values[key], key in needed)
        characters = len(key) + _characters(form)
        if len(chosen) < MAX_KEYS and characters <= left:
            left -= characters
            chosen[key] = form
    kept = {str(storable(key)): chosen[key] for key in values if key in chosen}
    dropped = len(values) - len(chosen)
    return kept, [f"{dropped:,} more keys are not kept"] if dropped else []


def _form(key: str, value: Value, needed: bool) -> object:
    if isinstance(value, str):
        return storable(value[: MAX_TEMPLATE if key.startswith(_TEMPLATE) else MAX_TEXT])
    if isinstance(value, ArrayValue) and not (needed or value.count <= MAX_ITEMS):
        return {"type": value.item_type, "count": value.count, "items": None}
    return storable(value)


def _characters(form: object) -> int:
    if isinstance(form, str):
        return len(form)
    if isinstance(form, dict) and form["items"]:
        return sum(len(item) if isinstance(item, str) else 8 for item in form["items"])
    return 8
