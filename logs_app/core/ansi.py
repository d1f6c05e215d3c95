"""Colours of a terminal as classes of a page; everything else that steers one is dropped."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

# Colour (SGR), any other CSI, OSC up to its end, any other escape, and an ESC that begins nothing.
_ESCAPE: Final = re.compile(
    r"\x1b(?:\[([\d;]{0,32})m|\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?"
)
_COLOURS: Final = ("k", "r", "g", "y", "b", "m", "c", "w")


class Span(NamedTuple):
    text: str
    classes: str  # of a fixed set: nothing of the line gets into them


def stripped(line: str) -> str:
    return _ESCAPE.sub("", line) if "\x1b" in line else line


def spans(line: str) -> list[Span]:
    """The line's text in pieces of one look each."""
    if "\x1b" not in line:
        return [Span(line, "")]
    found: list[Span] = []
    look = _Look()
    at = 0
    for escape in _ESCAPE.finditer(line):
        if escape.start() > at:
            found.append(Span(line[at : escape.start()], look.classes))
        at = escape.end()
        if escape[1] is not None:
            look.take(escape[1])
    if at < len(line):
        found.append(Span(line[at:], look.classes))
    return found


class _Look:
    def __init__(self) -> None:
        self._colour = ""
        self._bold = False

    @property
    def classes(self) -> str:
        bold = "bold" if self._bold else ""
        return f"{self._colour} {bold}".strip()

    def take(self, codes: str) -> None:
        """`1;31`. Colours of 256 and of 24 bits are left out with their arguments."""
        numbers = [int(code or 0) for code in codes.split(";")]
        while numbers:
            code = numbers.pop(0)
            if code in (38, 48):
                del numbers[: {5: 2, 2: 4}.get(numbers[0] if numbers else 0, 1)]
            else:
                self._take(code)

    def _take(self, code: int) -> None:
        if code == 0:
            self._colour, self._bold = "", False
        elif code in (1, 22):
            self._bold = code == 1
        elif code == 39:
            self._colour = ""
        elif 30 <= code <= 37 or 90 <= code <= 97:
            self._colour = f"a{_COLOURS[code % 10]}"
