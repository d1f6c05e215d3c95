"""A llama-server command that somebody pastes: its options, and what was left out and why."""

from __future__ import annotations

import re
import shlex
from typing import Final

from engine_app.core.allow_list import AllowList, Refused
from engine_app.core.flag_kinds import Choice, Flag, Switch, Text
from engine_app.core.imported import MAX_BYTES, Imported, ImportedError

MAX_WORDS: Final = 4096
_CONTINUED: Final = re.compile(r"\\\r?\n|\^\r?\n")
_NUMBER: Final = re.compile(r"-\.?\d")
_ENVIRONMENT: Final = re.compile(r"([A-Za-z_]\w*)=(.*)", re.S)
_SHELL: Final = frozenset({"|", "||", "&", "&&", ";", ">", ">>", "<", "2>&1", "2>", "&>"})
_PROGRAM: Final = re.compile(r"(?:^|[/\\])llama(?:-cpp)?-server(?:\.exe)?$")


def read_command(text: str, allowed: AllowList, name: str = "") -> Imported:
    """Raises ImportedError if it is no command line at all."""
    found = Imported(name)
    words = _until_shell(_split(_CONTINUED.sub(" ", text.strip().removeprefix("$ "))), found)
    _take_all(_after_program(words, found, allowed), found, allowed)
    return found


def read_arguments(text: str, allowed: AllowList) -> Imported:
    """Of a field for them: no shell ever sees it, so its signs are values like any other. Raises
    ImportedError."""
    found = Imported("")
    _take_all(_split(text, comments=False), found, allowed)
    return found


def _take_all(words: list[str], found: Imported, allowed: AllowList) -> None:
    while words:
        spelling = words.pop(0)
        if not _is_flag(spelling):
            found.leave_out(spelling, "No flag takes it.")
            continue
        values = []
        while words and not _is_flag(words[0]):
            values.append(words.pop(0))
        if spelling.startswith("--") and "=" in spelling:
            spelling, _, value = spelling.partition("=")
            values.insert(0, value)
        _take(found, spelling, values, allowed)
    found.options = allowed.ordered(found.options)


def looks_like_command(text: str) -> bool:
    first = text.strip().partition("\n")[0]
    return first.startswith(("-", "$ ")) or bool(re.search(r"llama(?:-cpp)?-server\b", first))


def _split(text: str, *, comments: bool = True) -> list[str]:
    if len(text) > MAX_BYTES:
        raise ImportedError(f"This is longer than {MAX_BYTES >> 10} KiB.")
    try:
        words = shlex.split(text, comments=comments)
    except ValueError as error:  # a quote that is not closed
        raise ImportedError(f"This is not a command line: {str(error).lower()}.") from error
    if len(words) > MAX_WORDS:
        raise ImportedError(f"These are more than {MAX_WORDS:,} words.")
    return words


def _until_shell(words: list[str], found: Imported) -> list[str]:
    for at, word in enumerate(words):
        if word in _SHELL:
            found.leave_out(" ".join(words[at:]), "It is for the shell, not for llama-server.")
            return words[:at]
    return words


def _after_program(words: list[str], found: Imported, allowed: AllowList) -> list[str]:
    """What follows llama-server; variables before it may hold options too."""
    at = next((n for n, word in enumerate(words) if _PROGRAM.search(word)), -1)
    if at < 0:
        at = next((n for n, word in enumerate(words) if _is_flag(word)), len(words)) - 1
    for word in words[: at + 1]:
        variable = _ENVIRONMENT.fullmatch(word)
        if variable and variable.group(1).startswith("LLAMA_ARG_"):
            found.take(variable.group(1), variable.group(2), allowed)
        elif variable:
            found.leave_out(variable.group(1), "Engines get an environment of their own.")
    return words[at + 1 :]


def _is_flag(word: str) -> bool:
    return word.startswith("-") and len(word) > 1 and not _NUMBER.match(word)


def _take(found: Imported, spelling: str, values: list[str], allowed: AllowList) -> None:
    try:
        meant = allowed.find(spelling)
    except Refused:
        found.take(spelling, values[0] if values else "", allowed)
        return
    value: str | bool
    if isinstance(meant.flag, Switch) or (not values and _may_stand_alone(meant.flag)):
        value = True
    elif values:
        value = values.pop(0)
    else:
        found.leave_out(spelling, "Its value is missing.")
        return
    found.take(spelling, value, allowed)
    for each in values:
        found.leave_out(each, f"{spelling} does not take it.")


def _may_stand_alone(flag: Flag) -> bool:
    """A permitted flag, of which nobody knows; or -fa, which took no value in older builds."""
    return isinstance(flag, Text) or (isinstance(flag, Choice) and "on" in flag.choices)
