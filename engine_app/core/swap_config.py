"""A llama-swap configuration: each `cmd` is read as a pasted command, and what else the file says
of a model is kept beside it. What there is no place for is named with the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine_app.core.allow_list import AllowList, visible
from engine_app.core.command_line import read_command
from engine_app.core.imported import Imported, ImportedError, LeftOut
from engine_app.core.swap_filters import read_filters
from engine_app.core.swap_places import MODEL_PLACES, left_out_of
from engine_app.core.yaml_text import load

MAX_MODELS: Final = 500
MAX_ROUNDS: Final = 8  # of macros that name macros
MAX_COMMAND: Final = 64 << 10
MAX_SECONDS: Final = 604_800  # as the setting for all engines
MAX_ALIASES: Final = 32
MAX_LEFT_OUT: Final = 500
_MACRO: Final = re.compile(r"\$\{([\w.-]{1,64})\}")


@dataclass(slots=True)
class SwapFile:
    presets: list[Imported] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def leave_out(self, what: str, why: str) -> None:
        if len(self.left_out) < MAX_LEFT_OUT:
            self.left_out.append(LeftOut(visible(what), why))

    def named(self, name: str) -> Imported | None:
        """The model that is called so, by its id or an alias."""
        by_id = next((each for each in self.presets if each.name == name), None)
        return by_id or next((each for each in self.presets if name in each.serving.aliases), None)


def looks_like_swap(text: str) -> bool:
    return re.search(r"^models\s*:", text, re.M) is not None and "cmd" in text


def read_swap(text: str, allowed: AllowList) -> SwapFile:
    """Raises ImportedError when the text is not such a file."""
    data = load(text)
    models = data.get("models") if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(models, Mapping):
        raise ImportedError("There is no list of models in it.")
    if len(models) > MAX_MODELS:
        raise ImportedError(f"There are more than {MAX_MODELS:,} models.")
    shared = _macros(data.get("macros"))
    file = SwapFile()
    for name, model in models.items():
        file.presets.append(_preset(text_of(name), model, shared, allowed))
    _take_idle_time(data.get("globalTTL"), models, file)
    _take_preload(data.get("hooks"), file)
    _take_groups(data, file)
    for what, why in left_out_of(data):
        file.leave_out(what, why)
    return file


def text_of(value: object) -> str:
    """A scalar as the file has it; empty for what is none. A number too long to be written is
    none."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if abs(value) < 1 << 63 else ""
    return str(value) if isinstance(value, (str, float)) else ""


# ---------------------------------------------------------------- one model
def _preset(name: str, model: object, shared: dict[str, str], allowed: AllowList) -> Imported:
    if not isinstance(model, Mapping) or not isinstance(model.get("cmd"), str):
        found = Imported(name)
        found.leave_out("cmd", "The model has no command.")
        return found
    macros = shared | _macros(model.get("macros")) | {"MODEL_ID": name}
    command, unknown = expanded(model["cmd"], macros)
    try:
        found = read_command(_without_comments(command), allowed, name)
    except ImportedError as error:
        found = Imported(name)
        found.leave_out("cmd", str(error))
    for macro in unknown:
        found.leave_out(f"${{{macro}}}", "Its value is not in the file.")
    _take_rest(model, found)
    return found


def _take_rest(model: Mapping[Any, Any], found: Imported) -> None:
    notes = (text_of(model.get("name")), text_of(model.get("description")))
    found.notes = "\n".join(each for each in notes if each)
    _take_aliases(model.get("aliases"), found)
    found.serving.idle_seconds = _seconds(model.get("ttl"), found)
    found.filters = read_filters(model.get("filters"), found)
    for key in map(text_of, model):
        if key == "env":
            _name_variables(model["env"], found)
        elif why := MODEL_PLACES.get(key, "There is no place for it."):
            found.leave_out(key, why)


def _take_aliases(given: object, found: Imported) -> None:
    if given is None:
        return
    if not isinstance(given, list):
        found.leave_out("aliases", "They must be a list of names.")
        return
    names = [Imported(text_of(each)).name for each in given[:MAX_ALIASES]]
    found.serving.aliases = list(dict.fromkeys(each for each in names if each))
    if len(given) > MAX_ALIASES:
        found.leave_out("aliases", f"More than {MAX_ALIASES}: the others are not taken.")


def _seconds(given: object, found: Imported) -> int | None:
    if given is None or given == -1:  # as for all models
        return None
    if type(given) is int and 0 <= given <= MAX_SECONDS:
        return given
    found.leave_out("ttl", f"Give seconds from 0 to {MAX_SECONDS:,}.")
    return None


def _name_variables(given: object, found: Imported) -> None:
    """By name only: a value may be a secret."""
    for each in given[:100] if isinstance(given, list) else ():
        variable = text_of(each).partition("=")[0]
        found.leave_out(f"env.{variable}", "Engines get an environment of their own.")


# ---------------------------------------------------------------- the file as a whole
def _take_idle_time(given: object, models: Mapping[Any, Any], file: SwapFile) -> None:
    """For those models that say nothing of their own."""
    if given is None:
        return
    if type(given) is not int or not 0 <= given <= MAX_SECONDS:
        file.leave_out("globalTTL", f"Give seconds from 0 to {MAX_SECONDS:,}.")
        return
    for preset, model in zip(file.presets, models.values(), strict=True):
        said = model.get("ttl") if isinstance(model, Mapping) else None
        if said is None or said == -1:
            preset.serving.idle_seconds = given


def _take_preload(hooks: object, file: SwapFile) -> None:
    if not isinstance(hooks, Mapping):
        return
    for when, what in hooks.items():
        actions = what if isinstance(what, Mapping) else {}
        for action, names in actions.items():
            place = f"hooks.{text_of(when)}.{text_of(action)}"
            if place != "hooks.on_startup.preload" or not isinstance(names, list):
                file.leave_out(place, "The only hook that is known preloads models at the start.")
                continue
            for name in map(text_of, names[:MAX_MODELS]):
                if preset := file.named(name):
                    preset.serving.preload = True
                else:
                    file.leave_out(f"{place}: {name}", "The file has no model of this name.")


def _take_groups(data: Mapping[Any, Any], file: SwapFile) -> None:
    """Only that a model stays has a place here: which run together follows from memory."""
    groups = {**_mapping(data, "groups"), **_routing(data, "groups")}
    for name, group in groups.items():
        what, said = f"groups.{text_of(name)}", group if isinstance(group, Mapping) else {}
        members = said.get("members")
        if said.get("persistent") is True and isinstance(members, list):
            for member in map(text_of, members[:MAX_MODELS]):
                if preset := file.named(member):
                    preset.serving.pinned = True
                else:
                    file.leave_out(f"{what}: {member}", "The file has no model of this name.")
        file.leave_out(what, "Which models run together follows from the memory there is.")


def _routing(data: Mapping[Any, Any], key: str) -> Mapping[Any, Any]:
    router = _mapping(_mapping(data, "routing"), "router")
    return _mapping(_mapping(router, "settings"), key)


def _mapping(data: Mapping[Any, Any], key: str) -> Mapping[Any, Any]:
    found = data.get(key)
    return found if isinstance(found, Mapping) else {}


# ---------------------------------------------------------------- commands
def expanded(command: str, macros: Mapping[str, str]) -> tuple[str, list[str]]:
    """With the macros put in, as far as they are known; ${PORT} goes out with --port anyway."""
    for _ in range(MAX_ROUNDS):
        replaced = _MACRO.sub(lambda found: macros.get(found[1], found[0]), command)
        if replaced == command or len(replaced) > MAX_COMMAND:
            break
        command = replaced
    return command, sorted(set(_MACRO.findall(command)) - {"PORT"})


def _macros(given: object) -> dict[str, str]:
    """Name -> text; newer files write them as a list of one-entry mappings."""
    if isinstance(given, list):
        pairs = [pair for each in given if isinstance(each, Mapping) for pair in each.items()]
    else:
        pairs = list(given.items()) if isinstance(given, Mapping) else []
    # What is no text stays unknown, and is said where it is used.
    return {text_of(name): text_of(value) for name, value in pairs if text_of(value)}


def _without_comments(command: str) -> str:
    lines = (line for line in command.splitlines() if not line.lstrip().startswith("#"))
    return " ".join(line.rstrip().removesuffix("\\") for line in lines)
