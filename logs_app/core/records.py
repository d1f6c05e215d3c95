"""A line as it is stored: `1790000000123 W  text`, and where it stands.

All before the text has a fixed width, so that a search finds level and time without parsing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

# Time in milliseconds, a blank, level and kind, a blank.
PREFIX: Final = 17
LEVEL_AT: Final = 14
_STORED: Final = re.compile(rb"\d{13} [EWID-][ +*!] ")
_OFFSET_BITS: Final = 32
_MOST_NUMBER: Final = 1 << 20  # a place fits a number of a browser


class Line(NamedTuple):
    place: int  # 0 where it was not stored
    at: int  # milliseconds
    tag: str  # level and kind
    text: str

    @property
    def level(self) -> str:
        return self.tag[0]

    @property
    def kind(self) -> str:
        return self.tag[1]

    @property
    def seconds(self) -> float:
        return self.at / 1000


def encoded(at: int, tag: str, text: str) -> bytes:
    return f"{at:013d} {tag} {text}\n".encode("utf-8", "replace")


def encoded_all(at: int, tags: Sequence[str], texts: Sequence[str]) -> bytes:
    stamp = f"{at:013d}"
    pairs = zip(tags, texts, strict=True)
    return "".join([f"{stamp} {tag} {text}\n" for tag, text in pairs]).encode("utf-8", "replace")


def decoded(stored: bytes, place: int = 0) -> Line | None:
    """None for what `encoded` did not write: a disk that was full leaves halves."""
    if _STORED.match(stored) is None:
        return None
    text = stored[PREFIX:].decode("utf-8", "replace")
    return Line(place, int(stored[:13]), stored[LEVEL_AT:16].decode("ascii"), text)


def place(number: int, offset: int) -> int:
    """Of a line: later lines of a source have higher ones."""
    return number << _OFFSET_BITS | offset


def number_and_offset(of: int) -> tuple[int, int]:
    return of >> _OFFSET_BITS, of & ((1 << _OFFSET_BITS) - 1)


def is_place(value: int) -> bool:
    return 0 <= value < _MOST_NUMBER << _OFFSET_BITS
