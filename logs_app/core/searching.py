"""A page of lines around a place: those before it or those after it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from logs_app.core import blocks, records
from logs_app.core.blocks import StoredFile
from logs_app.core.matching import Find, Hit, each_line
from logs_app.core.records import Line


class Found(NamedTuple):
    """`lines` in their order. `reached` is how far was looked when the time was up, else None."""

    lines: list[Line]
    reached: int | None
    is_end: bool  # there is nothing more in this direction


def before(
    files: Sequence[StoredFile], find: Find, place: int | None, limit: int, seconds: float
) -> Found:
    end_at = time.monotonic() + seconds
    found: list[Line] = []
    for block in blocks.backwards(files, place):
        found[:0] = _lines(block, list(find(block.data))[-(limit + 1) :])
        if len(found) > limit:
            return Found(found[len(found) - limit :], None, False)
        if time.monotonic() > end_at:
            return Found(found, records.place(block.number, block.offset), False)
    return Found(found, None, True)


def after(
    files: Sequence[StoredFile], find: Find, place: int | None, limit: int, seconds: float
) -> Found:
    end_at = time.monotonic() + seconds
    found: list[Line] = []
    for block in blocks.forwards(files, place):
        found += _lines(block, islice(find(block.data), limit + 1))
        if len(found) > limit:
            return Found(found[:limit], None, False)
        if time.monotonic() > end_at:
            last = block.offset + max(block.data[:-1].rfind(b"\n") + 1, 0)
            return Found(found, records.place(block.number, last), False)
    return Found(found, None, True)


def _lines(block: blocks.Block, hits: Iterable[Hit]) -> list[Line]:
    found = []
    for at, stored in hits:
        line = records.decoded(stored, records.place(block.number, block.offset + at))
        if line is not None:
            found.append(line)
    return found


def at_time(files: Sequence[StoredFile], moment: int) -> int | None:
    """The place of the first line that is not older; None when all are."""
    for number, file in enumerate(files):
        follower = _first(files[number + 1]) if number + 1 < len(files) else None
        if follower is not None and follower.at < moment:
            continue
        if (line := _first(file, moment)) is not None:
            return line.place
    return None


def _first(file: StoredFile, moment: int = 0) -> Line | None:
    least = f"{moment:013d}".encode()
    for block in blocks.forwards([file], None):
        for at, stored in each_line(block.data):
            if stored[:13] >= least:
                return records.decoded(stored, records.place(file.number, block.offset + at))
    return None
