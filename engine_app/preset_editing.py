"""Making, changing and removing presets: the one place that writes them."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from datetime import datetime
from typing import Any, Final, NoReturn

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from engine_app.core.allow_list import WrongOptions
from engine_app.core.conflicts import conflicts
from engine_app.core.flag_kinds import Value
from engine_app.models.preset import DEFAULTS_NAME, MAX_NAME, MAX_NOTES, Preset
from engine_app.preset_refs import problems as problems_of_files
from engine_app.preset_shelf import Shelf
from engine_app.presets import PRESET, allow_list, layered, layers_below
from models_app.models import LlamaModel

MAX_PRESETS: Final = 5000
FIELDS: Final = ("name", "llama_model", "options", "binary_key", "notes", "is_default")
# What separates names in preset files, requests and addresses.
_FORBIDDEN: Final = re.compile(r"[\[\]*,\\;#=\"']")
# What people call the row that all models inherit from.
RESERVED: Final = frozenset({"defaults"})


class PresetError(ValueError):
    """What is refused: field (or option, as `options.ctx-size`) -> words for people."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


class ChangedMeanwhile(Exception):
    """Somebody else has saved it since it was read: `preset` is what is there now."""

    def __init__(self, preset: Preset) -> None:
        super().__init__(f"{preset.label} was changed by somebody else meanwhile.")
        self.preset = preset


def create(values: Mapping[str, Any], shelf: Shelf | None = None) -> Preset:
    """Raises PresetError. What is left out is empty. `shelf` spares many the same questions."""
    n_presets = Preset.objects.count() if shelf is None else len(shelf)
    if n_presets >= MAX_PRESETS:
        _refuse("name", f"There are {MAX_PRESETS:,} presets already: delete some first.")
    return _save(Preset(), {"name": "", **values}, shelf)


def change(
    preset_id: int,
    values: Mapping[str, Any],
    shelf: Shelf | None = None,
    *,
    seen: datetime | None = None,
) -> Preset:
    """Changes some fields, all of them or none. `seen` is the `updated_at` that the change is based
    upon. Raises PresetError, ChangedMeanwhile or Preset.DoesNotExist."""
    with transaction.atomic():
        preset = Preset.objects.select_for_update().get(pk=preset_id)
        if seen is not None and seen != preset.updated_at:
            raise ChangedMeanwhile(preset)
        if preset.is_global and set(values) & {"name", "llama_model", "is_default"}:
            values = {k: v for k, v in values.items() if getattr(preset, k) != v}
            if set(values) & {"name", "llama_model", "is_default"}:
                _refuse("name", "The defaults keep their name and are for all models.")
        return _save(preset, values, shelf)


def remove(preset: Preset) -> None:
    """Raises PresetError. Its engines go with it, so none of them may have a process."""
    if preset.is_global:
        _refuse("name", "The defaults cannot be deleted: empty them instead.")
    try:
        with transaction.atomic():
            preset.delete()
    except ProtectedError:
        _refuse("name", f"An engine runs with “{preset.name}”: stop it first.")


def duplicate(preset: Preset) -> Preset:
    """A named preset with the same content under the next free name."""
    copied = {name: getattr(preset, name) for name in FIELDS if name != "is_default"}
    base = "defaults" if preset.is_global else preset.name
    return create(copied | {"name": free_name(base)})


def free_name(wanted: str, taken: Container[str] | None = None) -> str:
    """`taken` are names without case; all that there are, where it is left out."""
    if taken is None:
        taken = {name.casefold() for name in Preset.objects.values_list("name", flat=True)}
    stem = possible_name(wanted)
    names = (stem if n == 1 else f"{stem} {n}" for n in range(1, 2 * MAX_PRESETS + 2))
    return next(name for name in names if name.casefold() not in taken)


def possible_name(wanted: str) -> str:
    """The nearest one that a preset may have; always the same for the same text."""
    shown = "".join(c if c.isprintable() else " " for c in wanted[:1000])
    name = " ".join(_FORBIDDEN.sub(" ", shown).split())[: MAX_NAME - 10].strip() or "preset"
    return f"{name} preset" if name.casefold() in RESERVED else name


def global_defaults() -> Preset:
    """The one row that all models inherit from; made empty when it is first asked for."""
    found = Preset.objects.global_defaults()
    if found is None:
        found, _ = Preset.objects.get_or_create(
            name=DEFAULTS_NAME, defaults={"is_default": True, "options": {}}
        )
    return found


def _save(preset: Preset, values: Mapping[str, Any], shelf: Shelf | None) -> Preset:
    unknown = set(values) - set(FIELDS)
    if unknown:
        raise PresetError(dict.fromkeys(unknown, f"unknown; possible are {', '.join(FIELDS)}"))
    problems: dict[str, str] = {}
    was_for = preset.llama_model_id
    for field, value in values.items():
        if field == "name" and preset.pk and value == preset.name:
            continue  # it may be from a time when it was allowed
        try:
            setattr(preset, field, _CHECKS[field](value))
        except PresetError as error:
            problems |= error.problems
    problems = problems or _taken(preset, shelf) | _unfit(preset, shelf)
    if preset.pk and preset.llama_model_id != was_for:
        problems |= _left_behind(preset)
    if problems:
        raise PresetError(problems)
    preset.updated_at = timezone.now()
    try:
        with transaction.atomic():
            preset.save()
    except IntegrityError:  # somebody was quicker than the questions above
        _refuse("name", "The name, or the place of the model's default, was taken just now.")
    if shelf is not None:
        shelf.put(preset)
    return preset


def _taken(preset: Preset, shelf: Shelf | None) -> dict[str, str]:
    """Compared here: SQLite knows the case of ASCII letters only."""
    others = Preset.objects.exclude(pk=preset.pk)
    if shelf is not None:
        is_taken = shelf.names.get(preset.name.casefold(), preset.pk) != preset.pk
    else:
        names = (name.casefold() for name in others.values_list("name", flat=True))
        is_taken = preset.name.casefold() in names
    if is_taken:
        return {"name": f"There is a preset “{preset.name}” already."}
    if not preset.is_default:
        return {}
    if preset.llama_model is None:
        return {} if preset.is_global and preset.name == DEFAULTS_NAME else _DEFAULT_OF_NOTHING
    if found := others.filter(is_default=True, llama_model=preset.llama_model).first():
        return {"is_default": f"The model's default is “{found.name}”: change that one."}
    return {}


_DEFAULT_OF_NOTHING: Final = {"is_default": "A default needs the model it is for."}


def _left_behind(preset: Preset) -> dict[str, str]:
    """Engines of another model could not be started with it any more."""
    if preset.llama_model is None:
        return {}
    others = preset.engines.exclude(llama_model=preset.llama_model).select_related("llama_model")
    if (engine := others.first()) is None:
        return {}
    why = f"{engine.llama_model} has an engine with this preset: delete that engine first"
    return {"llama_model": f"{why}, or change a copy of the preset."}


def _unfit(preset: Preset, shelf: Shelf | None) -> dict[str, str]:
    """What cannot be given together, with what is inherited taken into account."""
    below = layers_below(preset, preset.llama_model, is_default=preset.is_default, among=shelf)
    found = conflicts(layered([*below, (PRESET, preset.options)]).options)
    return {f"options.{name}": why for name, why in found.items()}


def _name(value: object) -> str:
    if not isinstance(value, str):
        _refuse("name", "Give a text.")
    name = " ".join(value.split())
    if not name:
        _refuse("name", "Give a name.")
    if name == DEFAULTS_NAME or name.casefold() in RESERVED:
        _refuse("name", "This name is the defaults' own.")
    if len(name) > MAX_NAME:
        _refuse("name", f"Longer than {MAX_NAME} characters.")
    if not name.isprintable():
        _refuse("name", "It holds characters that cannot be seen.")
    if found := _FORBIDDEN.search(name):
        _refuse("name", f"“{found.group()}” cannot be in a name.")
    return name


def _model(value: object) -> LlamaModel | None:
    if value is None or isinstance(value, LlamaModel):
        return value
    found = None
    if type(value) is int and 0 < value < 1 << 63:
        found = LlamaModel.objects.filter(pk=value).first()
    return found or _refuse("llama_model", "There is no such model.")


def _options(value: object) -> dict[str, Value]:
    if not isinstance(value, Mapping):
        _refuse("options", "Give option names with their values.")
    try:
        checked = allow_list().check({str(name): each for name, each in value.items()})
    except WrongOptions as error:
        problems = {f"options.{name}": why for name, why in error.problems.items()}
        raise PresetError(problems) from error
    if wrong := problems_of_files(checked):
        raise PresetError({f"options.{name}": why for name, why in wrong.items()})
    return checked


def _notes(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_NOTES:
        _refuse("notes", f"Give a text of at most {MAX_NOTES:,} characters.")
    try:
        value.encode()
    except UnicodeEncodeError:
        _refuse("notes", "Not valid Unicode text.")
    return value.replace("\r\n", "\n").replace("\0", "").strip()


def _binary_key(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{0,32}", value):
        _refuse("binary_key", "There is no such engine program.")
    return value


def _flag(value: object) -> bool:
    return value if isinstance(value, bool) else _refuse("is_default", "Give true or false.")


def _refuse(field: str, message: str) -> NoReturn:
    raise PresetError({field: message})


_CHECKS: Final[Mapping[str, Any]] = {
    "name": _name,
    "llama_model": _model,
    "options": _options,
    "binary_key": _binary_key,
    "notes": _notes,
    "is_default": _flag,
}
