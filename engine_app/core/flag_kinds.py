"""The kinds of launch options: what a value may be, and the words of a command line it becomes.

A value comes from a form, a file, a pasted command or JSON. What `parse` returns is plain JSON and
safe to pass: a value that begins with a dash is a number or is refused, so that it can never be
taken for another flag.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

Value = bool | int | float | str

TRUE: Final = frozenset({"true", "on", "yes", "1", "enabled"})  # as llama.cpp's preset files
FALSE: Final = frozenset({"false", "off", "no", "0", "disabled"})
MAX_TEXT: Final = 4096
MAX_ITEMS: Final = 64
_GROUPED: Final = re.compile(r"-?\d{1,3}(?:[,\u00a0\u202f ]\d{3})+")
_SEPARATORS: Final = re.compile(r"[,\u00a0\u202f ]")
_WORDS: Final = {"true": True, "false": False}


class FlagError(ValueError):
    """What is wrong with a value, in words for the person who typed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag(ABC):
    """One option of llama-server. `name` is its long name without dashes."""

    name: str
    label: str
    help: str  # for builds whose own help is not known
    group: str = ""
    others: tuple[str, ...] = ()  # its other spellings, with dashes
    opposites: tuple[str, ...] = ()  # spellings that switch it off

    @property
    def spellings(self) -> tuple[str, ...]:
        return (f"--{self.name}", *self.others)

    @abstractmethod
    def parse(self, raw: object) -> Value:
        """FlagError for what is no value of this kind."""

    def words(self, value: Value, spelling: str = "") -> list[str]:
        return [spelling or f"--{self.name}", text_of(value)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch(Flag):
    """Takes no value. Without an opposite, off means that it is not given."""

    def parse(self, raw: object) -> Value:
        if isinstance(raw, bool):
            return raw
        word = str(raw).strip().lower()[:16]
        if word in TRUE | FALSE:
            return word in TRUE
        raise FlagError("Give on or off.")

    def words(self, value: Value, spelling: str = "") -> list[str]:
        if value:
            return [spelling or f"--{self.name}"]
        return [spelling or self.opposites[0]] if self.opposites else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer(Flag):
    least: int
    most: int
    choices: tuple[str, ...] = ()  # words it takes beside numbers

    def parse(self, raw: object) -> Value:
        if isinstance(raw, str) and raw.strip().lower() in self.choices:
            return raw.strip().lower()
        value = _integer(raw)
        if value is None or not self.least <= value <= self.most:
            words = "".join(f", or {word}" for word in self.choices)
            raise FlagError(f"Give a whole number from {self.least:,} to {self.most:,}{words}.")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Flag):
    least: float
    most: float

    def parse(self, raw: object) -> Value:
        value = _number(raw)
        if value is None or not self.least <= value <= self.most:
            raise FlagError(f"Give a number from {self.least:g} to {self.most:g}.")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Flag):
    choices: tuple[str, ...]

    def parse(self, raw: object) -> Value:
        word = text_of(raw).strip().lower()[:64] if isinstance(raw, (bool, str)) else ""
        if word not in self.choices and "on" in self.choices and word in TRUE | FALSE:
            word = "on" if word in TRUE else "off"  # it was a switch in older builds
        if word not in self.choices:
            raise FlagError(f"Give one of {', '.join(self.choices)}.")
        return word


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence(Flag):
    """Several values in one word, each of which must match `item` and one of `choices`."""

    item: str  # a regular expression
    what: str  # "device names", for the error
    separator: str = ","
    choices: tuple[str, ...] = ()

    def parse(self, raw: object) -> Value:
        text = text_of(raw) if isinstance(raw, (str, int, float)) else ""
        items = [item.strip() for item in text[: MAX_TEXT + 1].split(self.separator)]
        wrong = len(text) > MAX_TEXT or len(items) > MAX_ITEMS or not all(map(self._is_item, items))
        if isinstance(raw, bool) or wrong:
            some = f": {', '.join(self.choices)}" if self.choices else ""
            raise FlagError(f"Give {self.what} separated by “{self.separator}”{some}.")
        return self.separator.join(items)

    def _is_item(self, item: str) -> bool:
        if self.choices:
            return item in self.choices
        return re.fullmatch(self.item, item, re.ASCII) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Flag):
    """A flag the owner of this installation permits: on, off, or with any one word as its value.

    The words true and false are on and off: files, forms and command lines know no other way to
    say it. Off is the opposite, where the flag has one; else it is not given.
    """

    def parse(self, raw: object) -> Value:
        if isinstance(raw, bool):
            return raw
        if isinstance(raw, (int, float)) and abs(raw) < 1 << 63:  # neither inf nor nan is
            return text_of(raw)
        if not isinstance(raw, str) or len(raw) > MAX_TEXT:
            raise FlagError(f"Give a text of at most {MAX_TEXT:,} characters.")
        if raw in _WORDS:
            return _WORDS[raw]
        if raw.startswith("-") and _number(raw) is None:
            raise FlagError("A value cannot begin with a dash: it would be taken for a flag.")
        if "\0" in raw or not _is_unicode(raw):
            raise FlagError("Not valid Unicode text.")
        return raw

    def words(self, value: Value, spelling: str = "") -> list[str]:
        if value is False:
            return [spelling or self.opposites[0]] if self.opposites else []
        flag = spelling or f"--{self.name}"
        return [flag] if value is True else [flag, text_of(value)]


def text_of(value: object) -> str:
    """As a word of a command line and of a preset file."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _integer(raw: object) -> int | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, float):
        return int(raw) if raw.is_integer() else None
    text = str(raw).strip()[:32]  # int() of thousands of digits takes long
    if _GROUPED.fullmatch(text):
        text = _SEPARATORS.sub("", text)
    return int(text) if re.fullmatch(r"[-+]?\d+", text, re.ASCII) else None


def _number(raw: object) -> float | int | None:
    if (whole := _integer(raw)) is not None:
        return whole
    if isinstance(raw, bool) or not isinstance(raw, (float, str)):
        return None
    try:
        value = float(str(raw).strip()[:32])
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in str(raw) else None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
