"""An option's value as a form shows it, and an option as a line of words."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Final

from engine_app.core.flag_kinds import Flag, Integer, Value, text_of

_NO_QUANTITY: Final = frozenset({"seed", "main-gpu"})


def shown(flag: Flag, value: Value) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(flag, Integer) and isinstance(value, int) and flag.name not in _NO_QUANTITY:
        return f"{value:,}"
    return text_of(value)


def as_words(flags: Mapping[str, Flag], options: Mapping[str, Value]) -> str:
    """Options as one would type them, for a field that takes a piece of a command line."""
    return shlex.join(word for name in options for word in _typed(flags[name], options[name]))


def _typed(flag: Flag, value: Value) -> list[str]:
    """What is off by not being given has to be typed all the same, to be off here."""
    return flag.words(value) or [f"--{flag.name}=false"]
