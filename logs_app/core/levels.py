"""How serious a line is, as far as its writer says so. Where a line came from says nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

ERROR: Final = "E"
WARNING: Final = "W"
INFO: Final = "I"
DEBUG: Final = "D"
UNKNOWN: Final = "-"
LEVELS: Final = (ERROR, WARNING, INFO, DEBUG)
WORDS: Final = {ERROR: "error", WARNING: "warning", INFO: "info", DEBUG: "debug", UNKNOWN: ""}
# `level` of a question: this one and what is more serious.
AT_LEAST: Final = {ERROR: "E", WARNING: "EW", INFO: "EWI", DEBUG: "EWID"}

# What kind of line: the second character of a stored line's tag.
PLAIN: Final = " "
CONTINUED: Final = "+"  # belongs to the line before, and has its level
EVENT: Final = "*"  # from us, not from the program
GAP: Final = "!"  # from us: lines are missing here

_COLOUR: Final = r"(?:\x1b\[[\d;]*m)*"
# `0.00.003.119 W srv  load_model: ...`, after `[41234] ` where a router passes on a child's line.
_LLAMA: Final = re.compile(
    rf"{_COLOUR}(?:\[\d{{1,5}}\] )?{_COLOUR}\d+\.\d\d\.\d{{3}}\.\d{{3}}{_COLOUR} {_COLOUR}([IWED]) "
)
_CHILD: Final = re.compile(r"\[(\d{1,5})\] ")
_JSON_LEVELS: Final = {
    "error": ERROR, "warn": WARNING, "warning": WARNING, "info": INFO, "debug": DEBUG,
}  # fmt: skip
_OF_LOGGING: Final = {"CRITICAL": ERROR, "ERROR": ERROR, "WARNING": WARNING, "DEBUG": DEBUG}


def of_logging(name: str) -> str:
    """The letter for a level's name in Python's logging."""
    return _OF_LOGGING.get(name, INFO)


_TAGS: Final = {level: (level + PLAIN, level + CONTINUED) for level in LEVELS}


class Levels:
    """The level of each line of one program, in their order."""

    def __init__(self) -> None:
        self._tags = UNKNOWN + PLAIN, UNKNOWN + PLAIN  # of the line before; of what continues it

    def tags(self, lines: Sequence[str]) -> list[str]:
        """Level and kind of each. A line that does not say its level continues the one before."""
        found, match = [], _LLAMA.match
        own, continued = self._tags
        for line in lines:
            head = match(line)
            level = head[1] if head else _level_of_json(line) if line[:1] == "{" else None
            if level is None:
                found.append(continued)
                continue
            own, continued = _TAGS[level]
            found.append(own)
        self._tags = own, continued
        return found

    def forget(self) -> None:
        """What comes next does not continue what came before."""
        self.__init__()  # type: ignore[misc]


def _level_of_json(line: str) -> str | None:
    """`{"type":"log","time":1,"level":"info","msg":"..."}` of --log-jsonl."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return None
    level = content.get("level") if isinstance(content, dict) else None
    return _JSON_LEVELS.get(level) if isinstance(level, str) else None


def child_port(line: str) -> int | None:
    """The port of the router's child that wrote this line."""
    found = _CHILD.match(line)
    return int(found[1]) if found else None
