"""Warnings, errors and events, on their way into the database."""

from __future__ import annotations

import logging
import time
from collections import deque
from datetime import UTC, datetime
from typing import Final

from django.db import DatabaseError

from llamadash.failures import let_go
from logs_app.core import levels
from logs_app.core.batch import Batch
from logs_app.core.lines import MOST_LINE_BYTES
from logs_app.core.records import Line
from logs_app.models import LogLine

logger = logging.getLogger(__name__)
BATCH_ROWS: Final = 160  # one statement: SQLite takes 999 values
MOST_WAITING: Final = 5_000  # while the database is busy
# A program that warns in a loop must not fill the table: all its lines are in files.
MOST_A_SECOND: Final = 50
_COMPLAIN_SECONDS: Final = 60.0
_OF_NO_INTEREST: Final = frozenset(
    level + kind
    for level in (levels.INFO, levels.DEBUG, levels.UNKNOWN)
    for kind in (levels.PLAIN, levels.CONTINUED)
)


class _Share:
    """How many rows a source may still have now, and how many it would have had beyond that."""

    def __init__(self) -> None:
        self._left = float(MOST_A_SECOND)
        self._at = time.monotonic()
        self.n_left_out = 0

    def take(self) -> bool:
        now = time.monotonic()
        self._left = min(self._left + (now - self._at) * MOST_A_SECOND, 2.0 * MOST_A_SECOND)
        self._at = now
        if self._left < 1:
            self.n_left_out += 1
            return False
        self._left -= 1
        return True


class KeptLines:
    """`add` is called by the thread that reads logs, `write` by the one that writes rows. While the
    database is busy rows wait, and the oldest are dropped when they are too many."""

    def __init__(self) -> None:
        self._waiting: deque[LogLine] = deque(maxlen=MOST_WAITING)
        self._shares: dict[str, _Share] = {}
        self._last: dict[str, LogLine] = {}
        self._complained_at = float("-inf")

    @property
    def is_due(self) -> bool:
        return bool(self._waiting)

    def add(self, source: str, batch: Batch) -> None:
        if not self._last.get(source) and _OF_NO_INTEREST.issuperset(batch.tags):
            return
        for index, tag in enumerate(batch.tags):
            if tag[1] == levels.CONTINUED:
                self._continue(source, batch.texts[index])
            elif tag in _OF_NO_INTEREST:
                self._last.pop(source, None)
            else:
                self._keep(source, batch[index])

    def _continue(self, source: str, text: str) -> None:
        """The lines of a traceback belong to its warning, as far as that was not written yet."""
        before = self._last.get(source)
        if before is not None and len(before.text) < MOST_LINE_BYTES:
            before.text = f"{before.text}\n{text}"[:MOST_LINE_BYTES]

    def _keep(self, source: str, line: Line) -> None:
        share = self._shares.setdefault(source, _Share())
        self._last.pop(source, None)
        if not share.take():
            return
        if share.n_left_out:
            words = f"{share.n_left_out:,} more warnings and errors are in the files only."
            share.n_left_out = 0
            self._waiting.append(_row(source, line._replace(tag="W*", text=words)))
        row = _row(source, line)
        self._waiting.append(row)
        self._last[source] = row

    def write(self) -> int:
        """A batch in one commit; how many rows that were. Those that fail wait for the next."""
        rows = [self._waiting.popleft() for _ in range(min(BATCH_ROWS, len(self._waiting)))]
        if not rows:
            return 0
        try:
            LogLine.objects.bulk_create(rows)
        except DatabaseError as error:
            self._take_back(rows)
            self._complain(error)
            let_go(error)
            return 0
        return len(rows)

    def _take_back(self, rows: list[LogLine]) -> None:
        room = MOST_WAITING - len(self._waiting)
        self._waiting.extendleft(reversed(rows[len(rows) - min(room, len(rows)) :]))

    def _complain(self, error: DatabaseError) -> None:
        """Seldom: this warning comes back here as a line."""
        now = time.monotonic()
        if now - self._complained_at >= _COMPLAIN_SECONDS:
            self._complained_at = now
            logger.warning("log lines wait for the database: %s", error)


def _row(source: str, line: Line) -> LogLine:
    return LogLine(
        source=source,
        at=datetime.fromtimestamp(line.seconds, UTC),
        level=line.level,
        is_event=line.kind in (levels.EVENT, levels.GAP),
        place=line.place or None,
        text=line.text,
    )
