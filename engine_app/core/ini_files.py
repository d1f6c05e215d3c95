"""Preset files of llama.cpp's router (models.ini), and of the dashboard before this one.

version = 1
[*]                 for all models
ctx-size = 8192
[name]              one model; keys are flags without dashes, long or short
model = /path.gguf
; not in this file: temp, This llama-server does not know --temp.

The last line is a comment for llama.cpp. It tells a later reader that an option was there and could
not be written, so that reading the file back takes nothing away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from engine_app.core.allow_list import AllowList, visible
from engine_app.core.flag_kinds import Value, text_of
from engine_app.core.imported import (
    MAX_BYTES,
    Imported,
    ImportedError,
    LeftOut,
    one_line,
    ordered,
)

VERSION: Final = 1
ALL: Final = "*"
MAX_SECTIONS: Final = 500
MAX_LINES: Final = 10_000
# Written by the other dashboard into every file; llama.cpp refuses a file that holds it.
_IGNORED: Final = frozenset({"LLAMA_CONFIG_VERSION", "version"})
_COMMENT: Final = re.compile(r"(?:^|\s)[;#].*$")
_KEPT_BACK: Final = re.compile(r"; not in this file: ([\w-]{1,64}), (.*)")
# llama.cpp ends a value at any of these, also in the middle of a word.
_ENDS: Final = re.compile(r"[;#]")


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    pairs: list[tuple[str, str]] = field(default_factory=list)
    kept_back: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IniFile:
    presets: list[Imported]
    left_out: list[LeftOut]


def looks_like_ini(text: str) -> bool:
    """Only comments, keys and empty lines before the first [section]."""
    for line in text.splitlines()[:10_000]:
        stripped = _COMMENT.sub("", line).strip()
        if re.fullmatch(r"\[[^\]]+\]", stripped):
            return True
        if stripped and "=" not in stripped:
            return False
    return False


def read_ini(text: str, allowed: AllowList) -> IniFile:
    """Raises ImportedError if it is too large to be a preset file."""
    sections, left_out = _sections(text)
    presets = []
    for section in sections:
        preset = Imported(
            section.name, is_defaults=section.name == ALL, kept_back=section.kept_back
        )
        for key, value in section.pairs:
            if key not in _IGNORED:
                # Quotes are part of a value for llama.cpp; no listed option has any.
                as_it_is = allowed.is_free_text(key)
                preset.take(key, value if as_it_is else _unquoted(value), allowed)
        presets.append(preset)
    return IniFile(ordered(presets, allowed), left_out)


def _sections(text: str) -> tuple[list[Section], list[LeftOut]]:
    if len(text) > MAX_BYTES:
        raise ImportedError(f"This is longer than {MAX_BYTES >> 10} KiB.")
    lines = text.lstrip("\ufeff").splitlines()
    if len(lines) > MAX_LINES:
        raise ImportedError(f"There are more than {MAX_LINES:,} lines.")
    sections: dict[str, Section] = {}
    current: Section | None = None
    left_out: list[LeftOut] = []
    for number, line in enumerate(lines, 1):
        if current is not None and (kept := _KEPT_BACK.fullmatch(line.strip())):
            current.kept_back[kept[1]] = kept[2]
        stripped = _COMMENT.sub("", line).strip()
        if not stripped:
            continue
        if title := re.fullmatch(r"\[([^\]]+)\]", stripped):
            name = title.group(1).strip()
            if len(sections) >= MAX_SECTIONS:
                raise ImportedError(f"There are more than {MAX_SECTIONS:,} sections.")
            current = sections.setdefault(name, Section(name))
            continue
        key, equals, value = stripped.partition("=")
        if not equals:
            left_out.append(LeftOut(visible(stripped), f"Line {number} is not “key = value”."))
        elif current is not None:
            current.pairs.append((key.strip(), value.strip()))
        elif key.strip() not in _IGNORED:
            left_out.append(LeftOut(visible(key.strip()), f"Line {number} is outside any section."))
    return list(sections.values()), left_out


def write_ini(
    sections: Iterable[tuple[str, dict[str, Value]]],
    title: str = "",
    kept_back: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> str:
    """`title` becomes a comment. Options whose value a file of this kind cannot hold must have been
    taken out (see `can_be_written`); `kept_back` says of each section which, and why.
    """
    lines = [f"; {line}" for line in title.splitlines()] + [f"version = {VERSION}"]
    for name, options in sections:
        lines += ["", f"[{name}]"]
        lines += [f"{key} = {text_of(value)}" for key, value in options.items()]
        lines += [
            f"; not in this file: {option}, {one_line(why)}"
            for option, why in kept_back.get(name, {}).items()
        ]
    return "\n".join(lines) + "\n"


def can_be_written(value: Value) -> bool:
    """A line end, a comment sign or blanks around it would change what is read back."""
    text = text_of(value)
    return text == text.strip() and text.isprintable() and not _ENDS.search(text)


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
