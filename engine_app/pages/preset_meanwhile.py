"""What somebody typed beside what somebody else has saved meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine_app.core.flag_kinds import Flag, Value
from engine_app.core.imported import one_line
from engine_app.models.preset import Preset
from engine_app.preset_refs import with_names
from engine_app.presets import allow_list

_LABELS: Final = {
    "name": "Name",
    "llama_model": "Model",
    "is_default": "The model's default",
    "binary_key": "Engine program",
    "notes": "Notes",
}


@dataclass(frozen=True, slots=True)
class Difference:
    label: str
    mine: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Meanwhile:
    differences: list[Difference]


def compared(mine: Mapping[str, Any], theirs: Preset) -> Meanwhile:
    """`mine` as preset_editing takes it."""
    found = [
        Difference(label, _shown(mine[name]), _shown(getattr(theirs, name)))
        for name, label in _LABELS.items()
        if mine[name] != getattr(theirs, name)
    ]
    options: Mapping[str, Value] = mine["options"]
    found += [
        Difference(flag.label, _value(flag, options), _value(flag, theirs.options))
        for name, flag in allow_list().flags.items()
        if options.get(name) != theirs.options.get(name)
    ]
    return Meanwhile(found)


def moment(text: str) -> datetime | None:
    """When what a form shows was saved; None where the form does not say. What is no time is one
    at which nothing was saved."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text[:40])
    except ValueError:
        return datetime.min


def _value(flag: Flag, options: Mapping[str, Value]) -> str:
    return with_names(flag, options[flag.name]) if flag.name in options else ""


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return one_line(str(value or ""), 200)
