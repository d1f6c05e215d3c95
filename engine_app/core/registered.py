"""Options that name files. They are stored as numbers of models of the registry: a path of
somebody's own choice never reaches an engine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from engine_app.core.flag_kinds import MAX_ITEMS, Flag, FlagError, Value, text_of

_ITEM: Final = re.compile(r"\s*(\d{1,18})\s*(?::\s*(-?\d{1,4}(?:\.\d{1,6})?)\s*)?", re.ASCII)
# What separates files, and a file from its scale, on llama-server's command line.
_SEPARATES: Final = re.compile(r"[,:]")


class NotRegistered(FlagError):
    """A file that the registry does not have, or whose path cannot be given to an engine."""


class Named(NamedTuple):
    number: int
    scale: str = ""  # as it was typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered(Flag):
    kind: str  # what those that it names are called: "draft model"
    scaled: str = ""  # the spelling that takes a scale with each file; empty: there is none

    def parse(self, raw: object) -> Value:
        found = self.named(raw)
        if not self.scaled:
            return found[0].number
        return ",".join(f"{each.number}:{each.scale}" if each.scale else str(each.number)
                        for each in found)  # fmt: skip

    def named(self, raw: object) -> list[Named]:
        """FlagError for what names no models by their numbers."""
        text = text_of(raw) if isinstance(raw, (str, int)) and not isinstance(raw, bool) else ""
        items = [_ITEM.fullmatch(item) for item in text[:4096].split(",")]
        found = [Named(int(item[1]), item[2] or "") for item in items if item]
        most = MAX_ITEMS if self.scaled else 1
        scaled_in_vain = not self.scaled and any(each.scale for each in found)
        if len(found) < len(items) or len(found) > most or scaled_in_vain:
            how = "numbers, each perhaps with a scale as in 14:0.5" if self.scaled else "number"
            raise FlagError(f"Give the registry's {how}, of an entry there: a path is not taken.")
        if len({each.number for each in found}) < len(found):
            raise FlagError("One of them is named twice.")
        return found

    def spellings_for(self, value: Value) -> tuple[str, ...]:
        has_scale = self.scaled and ":" in text_of(value)
        return (self.scaled,) if has_scale else self.spellings

    def located(self, value: Value, files: Mapping[int, Path]) -> str:
        """Paths instead of numbers. Raises NotRegistered."""
        found = self.named(value)
        has_scale = any(each.scale for each in found)
        paths = [self._path(each, files) for each in found]
        if not has_scale:
            return ",".join(paths)
        scaled = zip(paths, found, strict=True)
        return ",".join(f"{path}:{each.scale or '1.0'}" for path, each in scaled)

    def _path(self, named: Named, files: Mapping[int, Path]) -> str:
        path = files.get(named.number)
        if path is None:
            raise NotRegistered(
                f"The {self.kind} {named.number} is not in the registry any more: choose another."
            )
        text = str(path)
        if not path.is_absolute() or "\0" in text or (self.scaled and _SEPARATES.search(text)):
            raise NotRegistered(
                f"The path of the {self.kind} {path.name} holds a comma or a colon, which "
                "llama-server takes for the end of it: rename the file."
            )
        return text


def files_in(flags: Mapping[str, Flag], options: Mapping[str, Value]) -> dict[str, list[Named]]:
    """Options that name files, and which."""
    found = {}
    for name, value in options.items():
        flag = flags.get(name)
        if isinstance(flag, Registered):
            found[name] = flag.named(value)
    return found
