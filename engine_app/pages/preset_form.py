"""A preset as a form: what was typed, what is wrong with it, what it is laid over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine_app.core.allow_list import WrongOptions
from engine_app.core.argv import knows_flag, near_flag
from engine_app.core.command_line import read_arguments
from engine_app.core.flag_kinds import Choice, Flag, Integer, Number, Switch, Text, Value
from engine_app.core.flags import GPU, GROUPS, SIZE
from engine_app.core.imported import MOST_NEAR, ImportedError
from engine_app.core.option_texts import as_words
from engine_app.core.registered import Registered
from engine_app.engine_help import Known, knows
from engine_app.models.preset import Preset
from engine_app.preset_refs import choices, with_names, with_numbers
from engine_app.preset_refs import typed as typed_names
from engine_app.presets import BUILT_IN, DEFAULTS, Effective, allow_list
from llamadash.formats import size
from models_app.models import LlamaModel

PREFIX: Final = "o."
MAX_MORE: Final = 16_384  # several permitted flags, each of at most 4,096 characters
ALWAYS_OPEN: Final = (SIZE, GPU)
_ORIGINS: Final = {BUILT_IN: "", DEFAULTS: ", from the defaults", "model": ", the model's default"}


@dataclass(slots=True)
class Typed:
    """What came from the browser: values as preset_editing takes them, and what is wrong."""

    values: dict[str, Any]
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OptionField:
    flag: Flag
    value: str
    error: str
    inherited: str  # the value that counts when nothing is typed, with where it is from
    help: str
    choices: tuple[tuple[str, str], ...]
    unknown: bool  # the installed engine does not have it

    @property
    def name(self) -> str:
        return PREFIX + self.flag.name

    @property
    def html_id(self) -> str:
        return f"o-{self.flag.name}"

    @property
    def mode(self) -> str:
        if isinstance(self.flag, Integer) and not self.flag.choices and self.flag.least >= 0:
            return "numeric"
        is_positive = isinstance(self.flag, Number) and self.flag.least >= 0
        return "decimal" if is_positive else "text"


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    fields: list[OptionField]

    @property
    def is_open(self) -> bool:
        return self.title in ALWAYS_OPEN or any(f.value or f.error for f in self.fields)

    @property
    def n_set(self) -> int:
        return sum(bool(each.value) for each in self.fields)


def typed(data: Mapping[str, str]) -> Typed:
    found = Typed(
        {
            "name": data.get("name", ""),
            "binary_key": data.get("binary", ""),
            "notes": data.get("notes", ""),
            "is_default": data.get("is_default") == "1",
        }
    )
    _take_model(data.get("model", ""), found)
    options = _typed_options(data, found.problems)
    more = data.get("more", "").replace("\r\n", "\n")
    found.values["options"] = _with_more(more, options, found.problems)
    return found


def _take_model(text: str, found: Typed) -> None:
    found.values["llama_model"] = None
    if text:
        is_number = text.isascii() and text.isdigit() and len(text) < 19
        model = LlamaModel.objects.filter(pk=int(text)).first() if is_number else None
        found.values["llama_model"] = model
        if model is None:
            found.problems["llama_model"] = "There is no such model."


def _typed_options(data: Mapping[str, str], problems: dict[str, str]) -> dict[str, Value]:
    allowed = allow_list()
    options: dict[str, Value] = {}
    for name, flag in allowed.flags.items():
        raw = data.get(PREFIX + name, "").strip()
        if not raw or isinstance(flag, Text):
            continue
        if isinstance(flag, Registered):
            raw = with_numbers(flag, raw)
        try:
            options[name] = allowed.read(name, raw)[1]
        except WrongOptions as error:
            problems |= {f"options.{k}": why for k, why in error.problems.items()}
    return options


def _with_more(text: str, options: dict[str, Value], problems: dict[str, str]) -> dict[str, Value]:
    """The field for flags that have none of their own; anything from the list is taken too."""
    if not text.strip():
        return options
    if len(text) > MAX_MORE:
        problems["more"] = f"Longer than {MAX_MORE:,} characters."
        return options
    try:
        found = read_arguments(text, allow_list().sparing(MOST_NEAR))
    except ImportedError as error:
        problems["more"] = str(error)
        return options
    wrong = [f"{left.what}: {left.why}" for left in found.left_out]
    wrong += ["--model and --alias follow from the registry."] * bool(
        found.model_path or found.alias
    )
    twice = [k for k, v in found.options.items() if k in options and options[k] != v]
    wrong += [
        f"{each.flag.label} is chosen from the registry, in its own field."
        for each in found.files.values()
    ]
    wrong += [f"{name} is set to something else above." for name in twice]
    if wrong:
        problems["more"] = " ".join(wrong)
    return found.options | options


def of_preset(preset: Preset) -> Typed:
    return Typed(
        {
            "name": preset.name,
            "llama_model": preset.llama_model,
            "options": allow_list().ordered(preset.options),
            "binary_key": preset.binary_key,
            "notes": preset.notes,
            "is_default": preset.is_default,
        }
    )


def shown_values(given: Typed, data: Mapping[str, str] | None) -> dict[str, str]:
    """What stands in the inputs: as typed where somebody typed, else as stored."""
    if data is not None:
        return {k: v[:MAX_MORE] for k, v in data.items() if k.startswith(PREFIX) or k == "more"}
    flags = allow_list().flags
    options: Mapping[str, Value] = given.values["options"]
    permitted = {k: v for k, v in options.items() if isinstance(flags[k], Text)}
    own = {PREFIX + k: _shown(flags[k], v) for k, v in options.items() if k not in permitted}
    return own | {"more": as_words(flags, permitted)}


def groups(
    values: Mapping[str, str], problems: Mapping[str, str], below: Effective, known: Known
) -> list[Group]:
    found: dict[str, list[OptionField]] = {title: [] for title in GROUPS}
    for name, flag in allow_list().flags.items():
        if isinstance(flag, Text):
            continue
        value, error = values.get(PREFIX + name, ""), problems.get(f"options.{name}", "")
        missing = not knows_flag(flag, knows(known))
        if missing and not (value or error):
            continue  # nothing to choose: this engine does not have it
        if missing and not error:
            error = f"The installed engine does not know --{name}.{near_flag(flag, knows(known))}"
        found[flag.group].append(
            OptionField(
                flag=flag,
                value=value,
                error=error,
                inherited=_inherited(flag, below, known),
                help=_help(flag, known),
                choices=_choices(flag, value),
                unknown=missing,
            )
        )
    return [Group(title, fields) for title, fields in found.items() if fields]


def _inherited(flag: Flag, below: Effective, known: Known) -> str:
    if flag.name in below.options:
        origin = _ORIGINS[below.origin[flag.name]]
        return with_names(flag, below.options[flag.name]) + origin
    said = known.get(f"--{flag.name}")
    return said.default[:60] if said else ""


def _help(flag: Flag, known: Known) -> str:
    said = next((known[each] for each in flag.spellings if each in known), None)
    return said.help if said else flag.help


def _choices(flag: Flag, value: str) -> tuple[tuple[str, str], ...]:
    if isinstance(flag, Switch):
        return (("on", "on"), ("off", "off"))
    if isinstance(flag, Choice):
        return tuple((each, each) for each in flag.choices)
    if isinstance(flag, Registered) and not flag.scaled:
        found = {str(each.pk): _choice(each) for each in choices(flag.name)}
        if value.isdecimal() and value not in found:  # not there at the moment: it stays chosen
            found[value] = with_names(flag, int(value[:18]))
        return tuple(found.items())
    return ()


def _choice(model: LlamaModel) -> str:
    return f"{model.name} {model.quantization or ''}".strip() + f", {size(model.size_bytes)}"


def _shown(flag: Flag, value: Value) -> str:
    """As its input has it: a number where that is chosen from a list."""
    if isinstance(flag, Registered):
        return typed_names(flag, value) if flag.scaled else str(value)
    return with_names(flag, value)
