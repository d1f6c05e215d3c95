"""Which stored lines a question means, found in blocks of many lines at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from logs_app.core import levels
from logs_app.core.records import LEVEL_AT, PREFIX

# Offset in the block, and the stored line without its end.
Hit = tuple[int, bytes]
Find = Callable[[bytes], Iterator[Hit]]
MOST_TEXT: Final = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """`level` and what is more serious; `text` somewhere in the line, in any case of ASCII."""

    level: str = ""
    text: str = ""


def finder(wanted: Wanted) -> Find:
    if wanted.text:
        return _by_text(wanted)
    if wanted.level:
        return _by_level(levels.AT_LEAST[wanted.level].encode())
    return each_line


def each_line(block: bytes) -> Iterator[Hit]:
    at = 0
    for line in block.split(b"\n"):
        if line:
            yield at, line
        at += len(line) + 1


def _by_level(letters: bytes) -> Find:
    """With a line end before it, each line begins with a byte that is quickly found."""
    stored = re.compile(rb"\n(\d{13} [%b].[^\n]*)" % letters)

    def find(block: bytes) -> Iterator[Hit]:
        for found in stored.finditer(b"\n" + block):
            yield found.start(), found[1]

    return find


def _by_text(wanted: Wanted) -> Find:
    """A search for the text first: it is rare as a rule, and finding it costs next to nothing."""
    needle = wanted.text.encode("utf-8", "replace").lower()
    letters = levels.AT_LEAST[wanted.level].encode() if wanted.level else b""

    def find(block: bytes) -> Iterator[Hit]:
        lowered = block.lower()
        at = lowered.find(needle)
        while at >= 0:
            start = lowered.rfind(b"\n", 0, at) + 1
            end = lowered.find(b"\n", at)
            end = len(block) if end < 0 else end
            line = block[start:end]
            is_in_text = lowered.find(needle, start + PREFIX, end) >= 0
            if is_in_text and (not letters or line[LEVEL_AT : LEVEL_AT + 1] in letters):
                yield start, line
            at = lowered.find(needle, end)

    return find
