"""New lines for the browsers that watch a source: four times a second, and not more than can be
read anyway."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from logs_app.core import levels
from logs_app.core.batch import Batch
from logs_app.core.records import Line

EVERY_SECONDS: Final = 0.25
MOST_A_SECOND: Final = 200
MOST_CHARACTERS: Final = 2_000  # of a line: a frame must not be large

# Topic, rows of place, level and kind, text, time in milliseconds; when.
Publish = Callable[[str, list[list[object]], float], None]
Watched = Callable[[str], bool]


def topic_of(source: str) -> str:
    return f"logs.{source}"


@dataclass(slots=True)
class _Waiting:
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=MOST_A_SECOND))
    n_lines: int = 0


class Feed:
    def __init__(self, publish: Publish, watched: Watched) -> None:
        self._publish = publish
        self._watched = watched
        self._waiting: dict[str, _Waiting] = {}
        self._flushed_at = 0.0

    def add(self, source: str, batch: Batch) -> None:
        if not self._watched(topic_of(source)):
            self._waiting.pop(source, None)
            return
        waiting = self._waiting.setdefault(source, _Waiting())
        waiting.lines.extend(batch[-MOST_A_SECOND:])
        waiting.n_lines += len(batch)

    def flush(self, now: float) -> None:
        passed = now - self._flushed_at
        if passed < EVERY_SECONDS:
            return
        self._flushed_at = now
        waiting, self._waiting = self._waiting, {}
        most = int(MOST_A_SECOND * min(passed, 1.0))
        for source, each in waiting.items():
            self._publish(topic_of(source), _rows(each, most), now)


def _rows(waiting: _Waiting, most: int) -> list[list[object]]:
    lines = list(waiting.lines)[-most:]
    rows: list[list[object]] = [
        [line.place, line.tag, _short(line.text), line.at] for line in lines
    ]
    missing = waiting.n_lines - len(rows)
    if missing:
        first = lines[0]
        rows.insert(0, [first.place, levels.UNKNOWN + levels.GAP, str(missing), first.at])
    return rows


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]} ..."
