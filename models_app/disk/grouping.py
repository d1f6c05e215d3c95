"""Which files make up one model: a file alone, or all shards of a split one."""

# Paths stay texts here: a Path for every entry would cost more than listing the folders.
# ruff: noqa: PTH118
from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from models_app.core.file_names import parse_file_name, split_key
from models_app.disk.found import FoundFile

_SHARD: Final = re.compile(r"-\d{5}-of-(\d{5})(?=(?:\.gguf)+$)", re.ASCII | re.IGNORECASE)


@dataclass(slots=True)
class Group:
    """`path` is what an engine loads, whether or not that file is there: it stays the same while
    other shards come and go. `files` are by shard number, a single file's number is 1."""

    path: str
    total: int | None = None  # of a split model
    files: dict[int, FoundFile] = field(default_factory=dict)

    @property
    def absent(self) -> list[int]:
        return [number for number in range(1, (self.total or 0) + 1) if number not in self.files]


def group_files(found: Iterable[FoundFile]) -> list[Group]:
    """Every file in exactly one group."""
    groups: dict[str, Group] = {}
    for file in found:
        number, total, path = _place(file.path)
        group = groups.setdefault(path, Group(path, total))
        if number in group.files:  # x.gguf beside x.GGUF: one of them stands alone
            groups[file.path] = Group(file.path, None, {1: file})
        else:
            group.files[number] = file
    return list(groups.values())


def _place(path: str) -> tuple[int, int | None, str]:
    """(shard number, number of shards, path of the first shard)."""
    # Nearly all names end here; parsing one takes some 10 us.
    if _SHARD.search(path) is None or (key := split_key(path)) is None:
        return 1, None, path
    shard = parse_file_name(path).shard
    folder, name = os.path.split(path)
    first = _SHARD.sub(r"-00001-of-\1", name)
    return (shard.number if shard else 1), key[2], os.path.join(folder, first)
