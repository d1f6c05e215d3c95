"""One source: what came is read, stored, and handed to whoever wants it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from logs_app import folders, memory
from logs_app.core import levels, records
from logs_app.core.batch import Batch
from logs_app.core.levels import Levels
from logs_app.core.lines import LineCutter, as_one_line
from logs_app.core.records import Line
from logs_app.cutting import Cutter
from logs_app.followed import Followed, Skipped
from logs_app.quota import Quota, keep
from logs_app.read_to import PlacesRead
from logs_app.storing import Storing, file_bytes

logger = logging.getLogger(__name__)
PIECES_A_STEP: Final = 32
# After each piece, which takes about a millisecond, everybody else has a turn at the interpreter: a
# request that waits for it at each of its queries would take as long as the whole step.
TURN_SECONDS: Final = 0.0005
OPEN_LINE_SECONDS: Final = 1.0  # then a line without an end is one all the same
IDLE_SECONDS: Final = 60.0
_COMPLAIN_SECONDS: Final = 60.0
# A file's times come from a clock of the kernel that stands still for so long.
FILE_CLOCK_MS: Final = 10

Take = Callable[[str, Batch], None]
# The names of a router's children by their ports, for a source that is a router.
Children = Callable[[str], Mapping[int, str]]


class SourceLog:
    def __init__(
        self,
        source: str,
        take: Sequence[Take],
        children: Children,
        cutter: type[Cutter] = Cutter,
    ) -> None:
        self.source = source
        folder = folders.made_folder(source)
        places = PlacesRead(folder)
        self._output = Followed(folder / folders.OUTPUT, places, 0, cutter)
        self._events = Followed(folder / folders.EVENTS, places, 1, cutter)
        self._lines = LineCutter()
        self._levels = Levels()
        self._storing = Storing(folder)
        self._newest = memory.newest(source)
        self._take = take
        self._children = children
        self._grew_at = time.monotonic()
        self._complained_at = float("-inf")
        self.n_not_stored = 0
        self.is_behind = False  # the last step has left something

    def is_due(self) -> bool:
        has_grown = self._output.has_grown() or self._events.has_grown()
        return has_grown or self._output.was_deleted or self._is_open_too_long()

    def _is_open_too_long(self) -> bool:
        waited = time.monotonic() - self._grew_at
        return self._lines.pending_bytes > 0 and waited >= OPEN_LINE_SECONDS

    @property
    def is_idle(self) -> bool:
        return time.monotonic() - self._grew_at >= IDLE_SECONDS

    def step(self, quota: Quota) -> None:
        """Reads some of what came. Events stand where they happened, as far as can be told."""
        with self._events.opened() as descriptor:
            events = [] if descriptor is None else self._read_events(descriptor)
            self._store_all(events, quota)
            if descriptor is not None:
                # Only now: whoever comes after a sudden end of ours reads those not stored again.
                self._events.done(descriptor, self._events.offset)

    def _store_all(self, events: list[Line], quota: Quota) -> None:
        if self._output.was_deleted:
            self._output.was_deleted = False
            self._store(Batch.of(_deleted(is_held=self._output.is_held)), quota)
        with self._output.opened() as descriptor:
            if descriptor is not None:
                self._read_output(descriptor, events, quota)
        for event in events:
            self._store(Batch.of(event), quota)

    def _read_output(self, descriptor: int, events: list[Line], quota: Quota) -> None:
        if self._output.began_anew:
            self._output.began_anew = False
            self._forget()
        if skipped := self._output.skip(descriptor):
            self._forget()
            self._store(Batch.of(_gap(skipped)), quota)
        self.is_behind = True
        for _ in range(PIECES_A_STEP):
            piece = self._output.read(descriptor)
            if piece is None:
                self.is_behind = False
                break
            self._grew_at = time.monotonic()
            at = int(piece.written_at * 1000)
            while events and events[0].at <= at + FILE_CLOCK_MS:
                self._store(Batch.of(events.pop(0)), quota)
            self._store_texts(self._lines.feed(piece.data), at, quota)
            self._output.done(descriptor, self._output.offset - self._lines.pending_bytes)
            time.sleep(TURN_SECONDS)
        if self._is_open_too_long():
            self._store_texts(self._lines.flush(), int(time.time() * 1000), quota)
            self._output.done(descriptor, self._output.offset)

    def _forget(self) -> None:
        self._lines = LineCutter()
        self._levels.forget()

    def _store_texts(self, texts: list[str], at: int, quota: Quota) -> None:
        if not texts:
            return
        tags = self._levels.tags(texts)
        if names := self._children(self.source):
            texts = [_with_name(text, names) for text in texts]
        self._store(Batch(at, tags, texts), quota)

    def _read_events(self, descriptor: int) -> list[Line]:
        found: list[Line] = []
        for _ in range(PIECES_A_STEP):
            piece = self._events.read(descriptor)
            if piece is None:
                break
            end = piece.data.rfind(b"\n") + 1
            self._events.offset -= len(piece.data) - end
            if not end:
                break  # half a line: its writer has not finished
            lines = map(records.decoded, piece.data[: end - 1].split(b"\n"))
            found += [line for line in lines if line is not None]
        self._grew_at = time.monotonic() if found else self._grew_at
        return found

    def _store(self, batch: Batch, quota: Quota) -> None:
        number = self._storing.number
        try:
            place = self._storing.append(batch.encoded, file_bytes(quota.source_bytes))
        except OSError as error:
            self._complain(error, len(batch))
        else:
            batch.stored_at(place)
        if self._storing.number != number:
            keep(self.source, quota)
        self._newest.add(batch)
        for take in self._take:
            take(self.source, batch)

    def _complain(self, error: OSError, n_lines: int) -> None:
        self.n_not_stored += n_lines
        now = time.monotonic()
        if now - self._complained_at >= _COMPLAIN_SECONDS:
            self._complained_at = now
            logger.error(
                "%s: lines are not stored (%s): %d so far", self.source, error, self.n_not_stored
            )

    def rest(self) -> None:
        """Holds no file open while nothing comes."""
        self._storing.close()

    def close(self) -> None:
        """Nobody reads it any more."""
        self.rest()
        self._output.close()
        self._events.close()


def _gap(skipped: Skipped) -> Line:
    least = "" if skipped.is_counted else "more than "
    text = (
        f"{least}{skipped.n_lines:,} lines ({skipped.n_bytes:,} bytes) are missing here: "
        "they came faster than they could be read"
    )
    return Line(0, int(time.time() * 1000), levels.WARNING + levels.GAP, text)


def _deleted(*, is_held: bool) -> Line:
    held, lost = "is read all the same, while its process runs", "is lost"
    text = (
        "The file that takes its output was deleted. What is printed "
        f"{held if is_held else lost}; the next start makes a new file."
    )
    return Line(0, int(time.time() * 1000), levels.WARNING + levels.EVENT, text)


def _with_name(text: str, names: Mapping[int, str]) -> str:
    """`[41234] ` of a router's child becomes `[41234 its model] `. Now: ports are used again."""
    port = levels.child_port(text)
    name = names.get(port) if port is not None else None
    return text if name is None else f"[{port} {as_one_line(name)}]{text[text.index(']') + 1 :]}"
