"""The command line of a process as people read it. Keys are never in one; what looks like one is
hidden all the same."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HIDDEN: Final = "(hidden)"
_SECRET: Final = re.compile(r"key|token|password|secret", re.IGNORECASE)
# Names of things that are no secrets, or of files that hold them.
_HARMLESS: Final = re.compile(r"file|prefix|tokens|tokenize", re.IGNORECASE)
_NUMBER: Final = re.compile(r"-\d")


@dataclass(frozen=True, slots=True)
class Shown:
    program: str
    lines: tuple[tuple[str, str], ...]  # flag and value
    text: str  # to be copied


def shown(argv: Sequence[str], n_program: int) -> Shown:
    """`n_program` words are the program itself."""
    program, rest = list(argv[:n_program]), list(argv[n_program:])
    lines: list[tuple[str, str]] = []
    for word in map(str, rest):
        if _is_flag(word):
            flag, equals, value = word.partition("=")
            lines.append((flag, _value(flag, value) if equals else ""))
        elif lines:
            lines[-1] = (lines[-1][0], _value(lines[-1][0], word))
        else:
            program.append(word)
    words = [*program]
    for flag, value in lines:
        words += [flag, *([value] if value else [])]
    return Shown(shlex.join(program), tuple(lines), shlex.join(words))


def without_secrets(argv: Sequence[str]) -> list[str]:
    """The same words, but for what looks like a key."""
    found: list[str] = []
    flag = ""
    for word in map(str, argv):
        if _is_flag(word):
            flag, equals, value = word.partition("=")
            found.append(f"{flag}={_value(flag, value)}" if equals else word)
        else:
            found.append(_value(flag, word))
    return found


def _is_flag(word: str) -> bool:
    return word.startswith("-") and not _NUMBER.match(word)


def _value(flag: str, value: str) -> str:
    is_secret = _SECRET.search(flag) and not _HARMLESS.search(flag)
    return HIDDEN if is_secret else value
