"""The lives of an engine's process, newest first, by pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from engine_app.models import Engine, EngineRun
from engine_app.pages.engine_crash import WANTED, how_ended
from llamadash import formats

ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class Row:
    run: EngineRun
    lasted: str
    ready_after: str
    how: str
    is_bad: bool  # nobody wanted its end
    memory: str


@dataclass(frozen=True, slots=True)
class Runs:
    rows: list[Row]
    older: int | None  # the id before which the next page begins
    is_first: bool


def runs(engine: Engine, before: str) -> Runs:
    found = EngineRun.objects.filter(engine=engine).order_by("-id")
    place = int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None
    if place is not None:
        found = found.filter(id__lt=place)
    listed = list(found.defer("last_lines", "argv")[: ROWS + 1])
    older = listed[ROWS - 1].pk if len(listed) > ROWS else None
    return Runs([_row(run) for run in listed[:ROWS]], older, place is None)


def _row(run: EngineRun) -> Row:
    ended = run.ended_at
    return Row(
        run=run,
        lasted=formats.duration((ended - run.started_at).total_seconds()) if ended else "",
        ready_after=formats.seconds(run.seconds_to_ready),
        how=how_ended(run) if run.reason_code not in WANTED else "",
        is_bad=ended is not None and run.reason_code not in WANTED,
        memory=formats.size(_bytes(run.memory.get("rss_bytes"))),
    )


def _bytes(value: Any) -> int | None:
    return value if type(value) is int else None
