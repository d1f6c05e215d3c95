"""Presets as this program writes them to a JSON file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine_app.core.allow_list import AllowList, visible
from engine_app.core.imported import Imported, ImportedError, ordered

MAX_PRESETS: Final = 500


def read_presets(data: list[Any], allowed: AllowList) -> list[Imported]:
    if len(data) > MAX_PRESETS:
        raise ImportedError(f"There are more than {MAX_PRESETS:,} presets.")
    return ordered((_preset(each, allowed) for each in data), allowed)


def _preset(data: object, allowed: AllowList) -> Imported:
    if not isinstance(data, Mapping) or not isinstance(data.get("options"), Mapping):
        raise ImportedError("Each preset must be an object with a name and its options.")
    name = _text(data.get("name"))
    found = Imported(name, is_defaults=name == "*")
    for option, value in data["options"].items():
        found.take(str(option), value, allowed)
    if path := _text(data.get("model")):
        found.take("model", path, allowed)
    kept_back = data.get("left_out")
    if isinstance(kept_back, Mapping):
        found.kept_back = {str(k)[:64]: visible(_text(v)) for k, v in kept_back.items()}
    found.is_default = data.get("is_default") is True and not found.is_defaults
    found.notes = _text(data.get("notes"))
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
