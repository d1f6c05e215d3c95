"""What a source has written last, and what it writes from then on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from logs_app import history
from logs_app.core.records import Line
from logs_app.core.sources import APP

MOST_LINES: Final = 500  # at a time; the rest comes with the next look


@dataclass(slots=True)
class Tail:
    """Reads files, so in a thread other than the event loop's."""

    source: str
    place: int = 0
    _seen: tuple[int, int] = (0, 0)  # number and size of the newest file

    @property
    def is_ours(self) -> bool:
        """llamadash's own log, not an engine's."""
        return self.source == APP

    async def begin(self, most: int) -> list[Line]:
        """The newest lines; what comes after them is told by `more`."""
        return await asyncio.to_thread(self._begin, most)

    async def more(self) -> list[Line]:
        return await asyncio.to_thread(self._more)

    def _begin(self, most: int) -> list[Line]:
        lines = history.last(self.source, max(1, most))
        self.place = max((line.place for line in lines), default=0)
        return lines[-most:] if most else []

    def _more(self) -> list[Line]:
        newest = self._newest()
        if newest == self._seen:
            return []
        found = history.after(self.source, history.EVERYTHING, self.place, MOST_LINES)
        if found.is_end:
            self._seen = newest
        if found.lines:
            self.place = found.lines[-1].place
        return found.lines

    def _newest(self) -> tuple[int, int]:
        files = history.stored_files(self.source)
        if not files:
            return (0, 0)
        try:
            return files[-1].number, files[-1].path.stat().st_size
        except FileNotFoundError:
            return (0, 0)


def text(lines: list[Line]) -> str:
    return "".join(f"{line.text}\n" for line in lines)
