"""The models of a llama-swap configuration: each `cmd` is read as a pasted command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from engine_app.core.allow_list import AllowList, visible
from engine_app.core.command_line import read_command
from engine_app.core.imported import Imported, ImportedError, LeftOut

MAX_MODELS: Final = 500
MAX_ROUNDS: Final = 8  # of macros that name macros
MAX_COMMAND: Final = 64 << 10
_MACRO: Final = re.compile(r"\$\{([\w.-]{1,64})\}")
_READ: Final = frozenset({"cmd", "name", "aliases", "macros", "description"})


def looks_like_swap(text: str) -> bool:
    return re.search(r"^models\s*:", text, re.M) is not None and "cmd" in text


def read_swap(text: str, allowed: AllowList) -> tuple[list[Imported], list[LeftOut]]:
    """Raises ImportedError when the text is not such a file."""
    data = _load(text)
    models = data.get("models") if isinstance(data, Mapping) else None
    if not isinstance(models, Mapping):
        raise ImportedError("There is no list of models in it.")
    if len(models) > MAX_MODELS:
        raise ImportedError(f"There are more than {MAX_MODELS:,} models.")
    shared = _macros(data.get("macros"))
    presets = [_preset(str(name), model, shared, allowed) for name, model in models.items()]
    left_out = [
        LeftOut(visible(str(key)), "Only models and their commands are taken.")
        for key in data
        if key not in ("models", "macros")
    ]
    return presets, left_out[:200]


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
    for key in model:
        if key not in _READ:
            found.leave_out(str(key), "Only the command is taken.")
    return found


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
    return {str(k): str(v) for k, v in pairs if isinstance(v, (str, int, float))}


def _without_comments(command: str) -> str:
    lines = (line for line in command.splitlines() if not line.lstrip().startswith("#"))
    return " ".join(line.rstrip().removesuffix("\\") for line in lines)


def _load(text: str) -> Any:
    import yaml  # only an import needs it

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" in line {where.line + 1}" if where else ""
        raise ImportedError(f"This is not valid YAML{line}.") from error
