"""What becomes of each preset of an imported file: compared with what is there, nothing changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PureWindowsPath
from typing import Any, Final

from engine_app import preset_filters
from engine_app.core.allow_list import visible
from engine_app.core.conflicts import conflicts
from engine_app.core.flag_kinds import Value, text_of
from engine_app.core.imported import Change, Filters, Imported, LeftOut, Serving, one_line
from engine_app.model_matching import Registry
from engine_app.models.preset import DEFAULTS_NAME, MAX_NOTES, Preset
from engine_app.preset_editing import free_name, possible_name
from engine_app.preset_refs import from_paths
from engine_app.preset_serving import NO_MODEL, Engines, Names, asked
from engine_app.preset_shelf import Shelf
from engine_app.presets import DEFAULTS, PRESET, Layers, allow_list, inherited, layered
from models_app.models import LlamaModel

Options = Mapping[str, Value]

ADD: Final = "add"
CHANGE: Final = "change"
SAME: Final = "same"
SKIP: Final = "skip"
NEW: Final = -1  # a preset that has no number yet
_ITS_NAME: Final = (
    "Requests by this name get the model's default options; the preset is called by its own name."
)


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
    serving: Serving = field(default_factory=Serving)
    filters: Filters = field(default_factory=Filters)
    is_saved_anew: bool = True  # else only what lies beside the preset is different

    @property
    def is_defaults(self) -> bool:
        return self.existing is not None and self.existing.is_global

    @property
    def is_to_do(self) -> bool:
        return self.action in (ADD, CHANGE)

    def values(self) -> dict[str, Any]:
        """As preset_editing takes them. What the file does not say stays as it is."""
        said: dict[str, Any] = {"options": self.options}
        if self.notes:
            said["notes"] = self.notes
        if not self.is_defaults and self.llama_model is not None:
            said["llama_model"] = self.llama_model
            said |= {"is_default": True} if self.is_default else {}
        return said


class Planner:
    """Reads the registry, the presets and the engines once, for all presets of a file."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.shelf = Shelf()
        self.names = Names(self.registry)
        self._engines = Engines()
        self._shared: Options | None = None  # the defaults that the file brings
        self._of_model: Counter[int] = Counter()
        self._taken: set[str] = set()
        self._filters: dict[int, Filters] = {}

    def plan(self, found: list[Imported]) -> list[Planned]:
        models = self.registry.find_all(found)
        self._of_model.update(model.pk for model in models if model is not None)
        pairs = list(zip(found, models, strict=True))
        # What the others inherit comes first; the order of the file is kept.
        planned: dict[int, Planned] = {}
        for each, model in sorted(pairs, key=lambda pair: not pair[0].is_defaults):
            planned[id(each)] = self._planned(each, model)
        in_order = [planned[id(each)] for each in found]
        self._compare_filters(in_order)
        for preset in in_order:
            if preset.action == SAME and preset.changes:
                preset.action, preset.is_saved_anew = CHANGE, False
        return in_order

    # ------------------------------------------------------------ one preset
    def _planned(self, found: Imported, model: LlamaModel | None) -> Planned:
        stem = PureWindowsPath(found.model_path).stem
        name = found.name or found.alias or (model.name if model else stem)
        existing = self._existing(found, name)
        planned = Planned(
            name=existing.name if existing else name,
            action=ADD,
            options=dict(found.options),
            llama_model=model or (existing.llama_model if existing else None),
            existing=existing,
            left_out=found.left_out,
            is_default=found.is_default,
            notes=_notes(found),
            filters=found.filters,
        )
        if model is None and found.model_path:
            why = f"{one_line(found.model_path)} is not in the registry"
            planned.left_out.append(LeftOut("model", f"{why}; the preset will be for any model."))
        self._take_files(found, planned)
        _keep_back(found, planned)
        self._decide(found, planned)
        if planned.action != SKIP or planned.llama_model is None:
            self._serve(found.serving, planned)
        return planned

    def _existing(self, found: Imported, name: str) -> Preset | None:
        if found.is_defaults:
            return self.shelf.global_defaults() or Preset(name=DEFAULTS_NAME, is_default=True)
        return self.shelf.named(name) or self.shelf.named(possible_name(name))

    def _take_files(self, found: Imported, planned: Planned) -> None:
        """Files that options name, where the registry has them."""
        for option, named in found.files.items():
            value, missing = from_paths(
                named.flag, named.text, self.registry, scaled=named.has_scales
            )
            for path in missing:
                why = f"The registry has no {named.flag.kind} {visible(path)}."
                planned.left_out.append(LeftOut(named.spelling, why))
            if value is not None:
                planned.options[option] = value
        planned.options = allow_list().ordered(planned.options)

    def _decide(self, found: Imported, planned: Planned) -> None:
        below = [] if planned.is_defaults else self._below(planned)
        after = layered([*below, (PRESET, planned.options)]).options
        existing = planned.existing
        if existing is None:
            if not planned.options and planned.llama_model is None:
                planned.action, planned.problem = SKIP, "Nothing of it can be taken."
                return
            planned.changes = _changes({}, planned.options)
            planned.name = free_name(planned.name, {*self.shelf.names, *self._taken})
        else:
            self._compare(planned, existing, below, after)
        if wrong := conflicts(after):
            planned.action, planned.problem = SKIP, " ".join(wrong.values())
        elif planned.name.casefold() in self._taken:
            planned.action, planned.problem = SKIP, "The file holds this name twice."
        self._taken.add(planned.name.casefold())
        if planned.is_defaults and planned.action != SKIP:
            self._shared = planned.options

    def _compare(self, planned: Planned, existing: Preset, below: Layers, after: Options) -> None:
        if planned.is_defaults:
            planned.changes = _changes(existing.options, planned.options)
        else:
            # A file says more than a preset holds: what is inherited stands in its section too.
            inherited_now = layered(below).options
            planned.options = {
                name: value
                for name, value in planned.options.items()
                if name in existing.options or not _equal(inherited_now.get(name), value)
            }
            layers = inherited(existing.llama_model, self.shelf)
            before = layered([*layers, (PRESET, existing.options)]).options
            planned.changes = _changes(before, after)
        said = planned.values()
        shown = {"llama_model": "model", "is_default": "the model's default", "notes": "notes"}
        for field_name in said.keys() & shown.keys():
            if getattr(existing, field_name) != said[field_name]:
                old, new = getattr(existing, field_name), said[field_name]
                planned.changes.append(Change(shown[field_name], _short(old), _short(new)))
        planned.action = CHANGE if planned.changes else SAME

    def _below(self, planned: Planned) -> Layers:
        return [
            (layer, self._shared if self._shared is not None and layer == DEFAULTS else options)
            for layer, options in inherited(planned.llama_model, self.shelf)
        ]

    # ------------------------------------------------------------ what lies beside it
    def _serve(self, serving: Serving, planned: Planned) -> None:
        model = planned.llama_model
        if model is None:
            wishes = {**asked(serving), **({"aliases": True} if serving.aliases else {})}
            planned.left_out += [LeftOut(name, NO_MODEL) for name in wishes]
            return
        planned.serving = serving
        planned.changes += self._aliases(serving, planned, model)
        existing = planned.existing
        of_default = planned.is_default or (existing is not None and existing.is_default)
        preset_id = None if of_default else existing.pk if existing else NEW
        planned.changes += self._engines.changes(model, preset_id, serving)

    def _aliases(self, serving: Serving, planned: Planned, model: LlamaModel) -> list[Change]:
        """Aliases are names of the model: what they call starts with the model's default. So the
        only preset of a model becomes that, where there is none yet."""
        if not serving.aliases:
            return []
        names = list(serving.aliases)
        existing = planned.existing
        if existing is None and self._of_model[model.pk] == 1 and not self._has_default(model):
            planned.is_default = True
            planned.changes.append(Change("the model's default", "", "yes"))
        elif existing is not None and existing.is_default:
            planned.is_default = True
        if planned.is_default:
            names = [planned.name, *names]
        else:
            planned.left_out += [LeftOut(f"alias {name}", _ITS_NAME) for name in names]
        return self.names.take(model, names, planned.left_out)

    def _has_default(self, model: LlamaModel) -> bool:
        return self.shelf.default_of(model) is not None

    def _compare_filters(self, planned: list[Planned]) -> None:
        """One set of changes for a model, whatever presets it has."""
        first: dict[int, Planned] = {}
        for each in planned:
            if not each.filters:
                continue
            if each.llama_model is None:
                each.left_out.append(LeftOut("filters", NO_MODEL))
            elif each.action == SKIP:
                continue
            elif each.llama_model.pk in first:
                why = "Another entry of the file changes requests for the same model."
                each.left_out.append(LeftOut("filters", why))
            else:
                first[each.llama_model.pk] = each
                self._filters[each.llama_model.pk] = each.filters
        for number, difference in preset_filters.differences(self._filters).items():
            first[number].changes += difference.changes
            first[number].left_out += difference.left_out

    def filters_of(self, planned: list[Planned]) -> dict[int, Filters]:
        to_do = {each.llama_model.pk for each in planned if each.llama_model and each.is_to_do}
        return {number: filters for number, filters in self._filters.items() if number in to_do}


def _keep_back(found: Imported, planned: Planned) -> None:
    """What the writer of the file could not write was not meant to go."""
    existing = planned.existing.options if planned.existing else {}
    for option, why in found.kept_back.items():
        if option in planned.options:
            continue
        if option in existing:
            planned.options[option] = existing[option]
        elif planned.existing is None or planned.existing.pk is None:
            planned.left_out.append(LeftOut(visible(option), f"The file does not hold it: {why}"))
    planned.options = allow_list().ordered(planned.options)


def _notes(found: Imported) -> str:
    notes = found.notes.replace("\r\n", "\n").replace("\0", "").strip()
    try:
        notes.encode()
    except UnicodeEncodeError:
        found.leave_out("notes", "Not valid Unicode text.")
        return ""
    if len(notes) > MAX_NOTES:
        found.leave_out("notes", f"Longer than {MAX_NOTES:,} characters.")
        return ""
    return notes


def _changes(old: Options, new: Options) -> list[Change]:
    return [
        Change(name, _word(old, name), _word(new, name))
        for name in dict.fromkeys([*old, *new])
        if not _equal(old.get(name), new.get(name))
    ]


def _equal(old: Value | None, new: Value | None) -> bool:
    """As words: a file knows nothing else."""
    return (None if old is None else text_of(old)) == (None if new is None else text_of(new))


def _word(options: Options, name: str) -> str:
    return text_of(options[name]) if name in options else ""


def _short(value: object) -> str:
    if value is None or value is False:
        return ""
    return "yes" if value is True else one_line(str(value), 60)
