"""Presets from other programs' files and from pasted commands: first a plan, then its doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from engine_app.core.allow_list import visible
from engine_app.core.command_line import looks_like_command, read_command
from engine_app.core.conflicts import conflicts
from engine_app.core.flag_kinds import Value, text_of
from engine_app.core.imported import MAX_BYTES, Imported, ImportedError, LeftOut
from engine_app.core.ini_files import looks_like_ini, read_ini
from engine_app.core.original_config import looks_like_original, read_json, read_original
from engine_app.core.presets_json import read_presets
from engine_app.core.swap_config import looks_like_swap, read_swap
from engine_app.model_matching import find_model
from engine_app.models.preset import DEFAULTS_NAME, Preset
from engine_app.preset_editing import PresetError, change, create, free_name, global_defaults
from engine_app.preset_refs import from_paths
from engine_app.presets import DEFAULTS, PRESET, Layers, allow_list, inherited, layered
from models_app.models import LlamaModel

Options = Mapping[str, Value]

ADD: Final = "add"
CHANGE: Final = "change"
SAME: Final = "same"
SKIP: Final = "skip"


@dataclass(frozen=True, slots=True)
class Change:
    option: str
    old: str  # empty: it was not set
    new: str  # empty: it will not be set


@dataclass(slots=True)
class Planned:
    """What becomes of one preset of the file."""

    name: str
    action: str
    options: dict[str, Value]
    llama_model: LlamaModel | None = None
    existing: Preset | None = None
    changes: list[Change] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    problem: str = ""  # why it is skipped
    is_default: bool = False  # of its model
    notes: str = ""

    @property
    def is_defaults(self) -> bool:
        return self.existing is not None and self.existing.is_global

    def values(self) -> dict[str, Any]:
        """As preset_editing takes them. What the file does not say stays as it is."""
        said: dict[str, Any] = {"options": self.options}
        if self.notes:
            said["notes"] = self.notes
        if not self.is_defaults and self.llama_model is not None:
            said["llama_model"] = self.llama_model
            said |= {"is_default": True} if self.is_default else {}
        return said


@dataclass(frozen=True, slots=True)
class Plan:
    kind: str  # what the text was taken for
    presets: list[Planned]
    left_out: list[LeftOut]

    def having(self, action: str) -> list[Planned]:
        return [each for each in self.presets if each.action == action]

    @property
    def n_to_do(self) -> int:
        return len(self.having(ADD)) + len(self.having(CHANGE))

    @property
    def n_left_out(self) -> int:
        return len(self.left_out) + sum(len(each.left_out) for each in self.presets)


def read_file(path: Path) -> str:
    """Raises ImportedError with the reason."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ImportedError(f"{path} cannot be read: {error.strerror}.") from error
    return decoded(raw)


def decoded(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise ImportedError(f"This is larger than {MAX_BYTES >> 10} KiB.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportedError("This is not a text in UTF-8.") from error


def plan(text: str, name: str = "") -> Plan:
    """What importing would do. `name` is for a pasted command. Raises ImportedError."""
    if len(text) > MAX_BYTES:
        raise ImportedError(f"This is longer than {MAX_BYTES >> 10} KiB.")
    if not text.strip():
        raise ImportedError("There is nothing in it.")
    kind, found, left_out = _read(text, name)
    shared = next((each.options for each in found if each.is_defaults), None)
    taken: set[str] = set()
    return Plan(kind, [_planned(each, taken, shared) for each in found], left_out)


def apply(wanted: Plan) -> tuple[int, int]:
    """How many were added and changed; all or none. Raises PresetError."""
    to_do = wanted.having(ADD) + wanted.having(CHANGE)
    with transaction.atomic():
        # What others inherit comes first: they are checked together with it.
        for each in sorted(to_do, key=lambda each: not each.is_defaults):
            try:
                _do(each)
            except PresetError as error:
                problems = {k: f"{each.name}: {why}" for k, why in error.problems.items()}
                raise PresetError(problems) from error
    return len(wanted.having(ADD)), len(wanted.having(CHANGE))


def _do(planned: Planned) -> None:
    if planned.action == ADD:
        create({"name": planned.name, **planned.values()})
        return
    existing = global_defaults() if planned.is_defaults else planned.existing
    assert existing is not None  # noqa: S101 - what CHANGE means
    change(existing.pk, planned.values())


def _read(text: str, name: str) -> tuple[str, list[Imported], list[LeftOut]]:
    allowed = allow_list()
    if text.lstrip().startswith(("{", "[{", "[\n")):
        data = read_json(text)
        if isinstance(data, list):
            return "presets of llamadash", read_presets(data, allowed), []
        if isinstance(data, Mapping) and looks_like_original(data):
            return "configuration of the dashboard before", read_original(data, allowed), []
        raise ImportedError("This JSON holds no options that are known here.")
    if looks_like_ini(text):
        file = read_ini(text, allowed)
        return "preset file of llama.cpp", file.presets, file.left_out
    if looks_like_swap(text):
        presets, left_out = read_swap(text, allowed)
        return "configuration of llama-swap", presets, left_out
    if looks_like_command(text):
        return "command", [read_command(text, allowed, name)], []
    raise ImportedError(
        "This is none of what can be read: a llama-server command, a models.ini, a llama-swap "
        "config.yaml, or the configuration of the dashboard before this one."
    )


# ---------------------------------------------------------------- one preset
def _planned(found: Imported, taken: set[str], shared: Options | None) -> Planned:
    model = None if found.is_defaults else find_model(found)
    name = found.name or found.alias or (model.name if model else Path(found.model_path).stem)
    existing = _existing(found, name)
    planned = Planned(
        name=existing.name if existing else name,
        action=ADD,
        options=dict(found.options),
        llama_model=model or (existing.llama_model if existing else None),
        existing=existing,
        left_out=found.left_out,
        is_default=found.is_default,
        notes=found.notes,
    )
    if model is None and found.model_path:
        why = f"{found.model_path} is not in the registry; the preset will be for any model"
        planned.left_out.append(LeftOut("model", f"{why}."))
    _take_files(found, planned)
    after = layered([*_below(planned, shared), (PRESET, planned.options)]).options
    if existing is None or found.is_defaults:
        planned.changes = _changes(existing.options if existing else {}, planned.options)
    else:
        # A file says more than a preset holds: what is inherited stands in its section too.
        before = layered([*inherited(existing.llama_model), (PRESET, existing.options)]).options
        planned.changes = _changes(before, after)
    _decide(planned, taken)
    if planned.action in (ADD, CHANGE) and (wrong := conflicts(after)):
        planned.action, planned.problem = SKIP, " ".join(wrong.values())
    return planned


def _take_files(found: Imported, planned: Planned) -> None:
    """Files that options name, where the registry has them."""
    for option, named in found.files.items():
        value, missing = from_paths(named.flag, named.text, scaled=named.has_scales)
        for path in missing:
            why = f"The registry has no {named.flag.kind} {visible(path)}."
            planned.left_out.append(LeftOut(named.spelling, why))
        if value is not None:
            planned.options[option] = value
    planned.options = allow_list().ordered(planned.options)


def _existing(found: Imported, name: str) -> Preset | None:
    if found.is_defaults:
        return Preset.objects.global_defaults() or Preset(name=DEFAULTS_NAME, is_default=True)
    folded = name.casefold()
    named = Preset.objects.exclude(is_default=True, llama_model=None).select_related("llama_model")
    return next((each for each in named if each.name.casefold() == folded), None)


def _decide(planned: Planned, taken: set[str]) -> None:
    existing = planned.existing
    if existing is None:
        if not planned.options and planned.llama_model is None:
            planned.action, planned.problem = SKIP, "Nothing of it can be taken."
            return
        planned.name = _free(planned.name, taken)
    else:
        planned.action = SAME if _is_same(planned, existing) else CHANGE
    key = planned.name.casefold()
    if key in taken:
        planned.action, planned.problem = SKIP, "The file holds this name twice."
    taken.add(key)


def _is_same(planned: Planned, existing: Preset) -> bool:
    said = planned.values()
    del said["options"]  # compared by what they lead to
    return not planned.changes and all(getattr(existing, k) == v for k, v in said.items())


def _free(name: str, taken: set[str]) -> str:
    free = free_name(name)
    number = 2
    while free.casefold() in taken:
        free, number = free_name(f"{name} {number}"), number + 1
    return free


def _below(planned: Planned, shared: Options | None) -> Layers:
    if planned.is_defaults:
        return []
    return [
        (layer, shared if shared is not None and layer == DEFAULTS else options)
        for layer, options in inherited(planned.llama_model)
    ]


def _changes(old: Mapping[str, Value], new: Mapping[str, Value]) -> list[Change]:
    return [
        Change(name, _word(old, name), _word(new, name))
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name) or (name in old) != (name in new)
    ]


def _word(options: Mapping[str, Value], name: str) -> str:
    return text_of(options[name]) if name in options else ""
