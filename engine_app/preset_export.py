"""Presets as a models.ini that llama.cpp's router reads, and as JSON."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from engine_app.core.argv import UnknownToEngine, words
from engine_app.core.flag_kinds import Flag, Value
from engine_app.core.imported import LeftOut
from engine_app.core.ini_files import ALL, can_be_written, write_ini
from engine_app.core.registered import NotRegistered, Registered
from engine_app.engine_help import Known, knows
from engine_app.models.preset import Preset
from engine_app.preset_refs import as_paths
from engine_app.presets import allow_list, effective_options
from models_app.models import LlamaModel


@dataclass(frozen=True, slots=True)
class Export:
    text: str
    n_presets: int
    left_out: list[LeftOut]


def models_ini(flags: Known, why_not: Callable[[LlamaModel], str] = lambda model: "") -> Export:
    """A section for each preset of a model, with all that it inherits but the defaults. `why_not`
    says of a model why it has none; empty for one that has.

    One flag that the router does not know keeps it from starting at all, so these are left out, as
    is what a file of this kind cannot hold. Presets of any model have no section: it needs a file.
    """
    shared = Preset.objects.global_defaults()
    left_out: list[LeftOut] = []
    below: dict[str, Value] = dict(shared.options) if shared else {}
    below = _writable("defaults", allow_list().ordered(below), flags, left_out)
    sections: list[tuple[str, dict[str, Value]]] = [(ALL, below)]
    for preset in Preset.objects.exclude(is_default=True, llama_model=None).select_related(
        "llama_model"
    ):
        if preset.llama_model is None:
            left_out.append(LeftOut(preset.name, "It is for any model, and a section needs one."))
            continue
        if why := why_not(preset.llama_model):
            left_out.append(LeftOut(preset.name, why))
            continue
        section = _section(preset, below, flags, left_out)
        if section is not None:
            sections.append((preset.name, section))
    title = "Written by llamadash: llama-server --models-preset FILE"
    return Export(write_ini(sections, title), len(sections) - 1, left_out)


def presets_json() -> list[dict[str, Any]]:
    """All of them, as they are: what each inherits is not repeated."""
    return [
        {
            "name": preset.name,
            "model": preset.llama_model.path if preset.llama_model else None,
            "is_default": preset.is_default,
            "options": _portable(preset.options),
            "notes": preset.notes,
        }
        for preset in Preset.objects.select_related("llama_model")
    ]


def _key(flag: Flag, value: Value) -> str:
    """Files with scales have an option of their own."""
    own = flag.spellings_for(value)[0] if isinstance(flag, Registered) else flag.name
    return own.removeprefix("--")


def _portable(options: dict[str, Value]) -> dict[str, Value]:
    """The registry's numbers mean nothing elsewhere; what they stand for may be there, too."""
    found: dict[str, Value] = {}
    flags = allow_list().flags
    for option, value in options.items():
        flag = flags.get(option)
        if not isinstance(flag, Registered):
            found[option] = value
            continue
        with suppress(NotRegistered):
            found[_key(flag, value)] = as_paths(flag, value)
    return found


def _section(
    preset: Preset, below: dict[str, Value], flags: Known, left_out: list[LeftOut]
) -> dict[str, Value] | None:
    model = preset.llama_model
    if model is None or not can_be_written(model.path):
        left_out.append(LeftOut(preset.name, "Its model's path cannot be written to such a file."))
        return None
    options = effective_options(model, None if preset.is_default else preset).options
    mine = {k: v for k, v in options.items() if k not in below or below[k] != v}
    files: dict[str, Value] = {"model": model.path}
    if model.projector is not None and can_be_written(model.projector.path):
        files["mmproj"] = model.projector.path
    return files | _writable(preset.name, mine, flags, left_out)


def _writable(
    name: str, options: dict[str, Value], flags: Known, left_out: list[LeftOut]
) -> dict[str, Value]:
    written: dict[str, Value] = {}
    listed = allow_list().flags
    for option, value in options.items():
        try:
            spelling = words(listed[option], value, knows(flags))
        except UnknownToEngine as error:
            left_out.append(LeftOut(f"{name}: {option}", str(error)))
            continue
        if not spelling:
            continue  # a switch that is off by not being given
        flag = listed[option]
        if isinstance(flag, Registered):
            try:
                value = as_paths(flag, value)
            except NotRegistered as error:
                left_out.append(LeftOut(f"{name}: {option}", str(error)))
                continue
        if can_be_written(value):
            written[_key(flag, options[option])] = value
        else:
            left_out.append(LeftOut(f"{name}: {option}", "Its value cannot be in such a file."))
    return written
