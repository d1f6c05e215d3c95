"""Presets as a models.ini that llama.cpp's router reads, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from engine_app.core.argv import UnknownToEngine, words
from engine_app.core.flag_kinds import Flag, Text, Value
from engine_app.core.imported import LeftOut, one_line
from engine_app.core.ini_files import ALL, can_be_written, write_ini
from engine_app.core.registered import NotRegistered, Registered
from engine_app.engine_help import Known, knows
from engine_app.models.preset import Preset
from engine_app.preset_refs import as_paths
from engine_app.presets import allow_list, effective_options
from models_app.models import LlamaModel

NOT_WRITABLE: Final = "Such a file cannot hold its value."


@dataclass(frozen=True, slots=True)
class Export:
    text: str
    n_presets: int
    left_out: list[LeftOut]


def models_ini(flags: Known, why_not: Callable[[LlamaModel], str] = lambda model: "") -> Export:
    """A section for each preset of a model, with all that it inherits but the defaults. `why_not`
    says of a model why it has none; empty for one that has.

    One flag that the router does not know keeps it from starting at all, so these are left out, as
    is what a file of this kind cannot hold; comments say so to who reads the file back. Presets of
    any model have no section: it needs a file.
    """
    shared = Preset.objects.global_defaults()
    written = _Written(flags)
    below = written.section(ALL, "defaults", dict(shared.options) if shared else {})
    presets = Preset.objects.exclude(is_default=True, llama_model=None)
    for preset in presets.select_related("llama_model__projector"):
        model = preset.llama_model
        if model is None:
            written.leave_out(preset.name, "It is for any model, and a section needs one.")
        elif why := why_not(model) or _no_path(model):
            written.leave_out(preset.name, why)
        else:
            _write(preset, model, below, written)
    title = "Written by llamadash: llama-server --models-preset FILE"
    text = write_ini(written.sections, title, written.kept_back)
    return Export(text, len(written.sections) - 1, written.left_out)


def presets_json() -> list[dict[str, Any]]:
    """All of them, as they are: what each inherits is not repeated."""
    return [
        {
            "name": preset.name,
            "model": preset.llama_model.path if preset.llama_model else None,
            "is_default": preset.is_default,
            "notes": preset.notes,
            **_portable(preset.options),
        }
        for preset in Preset.objects.select_related("llama_model")
    ]


def _key(flag: Flag, value: Value) -> str:
    """Files with scales have an option of their own."""
    own = flag.spellings_for(value)[0] if isinstance(flag, Registered) else flag.name
    return own.removeprefix("--")


def _portable(options: Mapping[str, Value]) -> dict[str, Any]:
    """The registry's numbers mean nothing elsewhere; what they stand for may be there, too."""
    found: dict[str, Value] = {}
    left_out: dict[str, str] = {}
    flags = allow_list().flags
    for option, value in options.items():
        flag = flags.get(option)
        if not isinstance(flag, Registered):
            found[option] = value
            continue
        try:
            found[_key(flag, value)] = as_paths(flag, value)
        except NotRegistered as error:
            left_out[option] = one_line(str(error))
    return {"options": found} | ({"left_out": left_out} if left_out else {})


def _no_path(model: LlamaModel) -> str:
    return "" if can_be_written(model.path) else "Its model's path cannot be in such a file."


def _write(preset: Preset, model: LlamaModel, below: dict[str, Value], written: _Written) -> None:
    options = effective_options(model, None if preset.is_default else preset).options
    mine = {k: v for k, v in options.items() if k not in below or below[k] != v}
    files: dict[str, Value] = {"model": model.path}
    if model.projector is not None:
        if can_be_written(model.projector.path):
            files["mmproj"] = model.projector.path
        else:
            written.leave_out(f"{preset.name}: mmproj", NOT_WRITABLE)
    written.section(preset.name, preset.name, mine, files)


class _Written:
    """The sections so far, and what is in none of them."""

    def __init__(self, flags: Known) -> None:
        self.sections: list[tuple[str, dict[str, Value]]] = []
        self.kept_back: dict[str, dict[str, str]] = {}  # by section and option
        self.left_out: list[LeftOut] = []
        self._flags = flags
        self._listed = allow_list().flags

    def leave_out(self, what: str, why: str) -> None:
        self.left_out.append(LeftOut(what, one_line(why)))

    def section(
        self,
        name: str,
        shown: str,
        options: Mapping[str, Value],
        files: Mapping[str, Value] = MappingProxyType({}),
    ) -> dict[str, Value]:
        """Adds it. Those of its options that are in it."""
        kept: dict[str, Value] = {}
        lines = dict(files)
        for option, value in allow_list().ordered(options).items():
            flag = self._listed[option]
            if why := self._why_not(flag, value):
                self.kept_back.setdefault(name, {})[option] = why
                self.leave_out(f"{shown}: {option}", why)
                continue
            kept[option] = value
            key, written = self._line(flag, value)
            lines[key] = written
        self.sections.append((name, lines))
        return kept

    def _line(self, flag: Flag, value: Value) -> tuple[str, Value]:
        """Key and value, in a spelling that the build knows. What is off is written too: it may be
        on where this is laid over. Raises UnknownToEngine or NotRegistered."""
        is_off = value is False
        known = knows(self._flags)
        asked = True if is_off and not flag.opposites else value
        spelling = words(flag, asked, known)[0]
        if is_off and flag.opposites:
            positive = next((each for each in flag.spellings if known(each)), None)
            return (_bare(positive), False) if positive else (_bare(spelling), True)
        return _bare(spelling), as_paths(flag, value) if isinstance(flag, Registered) else value

    def _why_not(self, flag: Flag, value: Value) -> str:
        """Empty where it can be written."""
        try:
            _, text = self._line(flag, value)
        except (UnknownToEngine, NotRegistered) as error:
            return str(error)
        said = self._flags.get(f"--{flag.name}")
        if isinstance(flag, Text) and value is False and said is not None and said.hint:
            return "The flag takes a value, and has none that is off."
        return "" if can_be_written(text) else NOT_WRITABLE


def _bare(spelling: str) -> str:
    return spelling.removeprefix("-").removeprefix("-")
