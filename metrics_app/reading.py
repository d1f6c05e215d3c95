from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from metrics_app.core.clock import Tick
from metrics_app.core.metric import Metric
from metrics_app.core.plausible import plausible
from metrics_app.source import Source

logger = logging.getLogger(__name__)

# Ticks do not come to the millisecond: one that is this much early is the one meant.
_TOLERANCE_SECONDS: Final = 0.5
_MOST_TOLD: Final = 8
_LONGEST_ERROR: Final = 200

Values = Mapping[Metric, float | None]


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How a source is doing, for /system/."""

    name: str
    last_at: float | None  # wall clock, Unix seconds
    seconds: float | None  # what the last reading took
    error: str  # of the last reading; empty when it went well
    n_errors: int
    n_skipped: int  # ticks at which it was due and not read
    n_dropped: int  # values that cannot be true
    hung: bool


class Reading:
    """A source and its latest values. `run` is called in the reader's thread."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.values: Values = {}
        self.unknown: Values = {}  # the same metrics without values
        self.n_skipped = 0
        self._n_errors = 0
        self._n_dropped = 0
        self._error = ""
        self._told: set[str] = set()
        self._running_since: float | None = None
        self._last: Tick | None = None
        self._seconds: float | None = None

    @property
    def is_running(self) -> bool:
        """Outside of a round: its call has not returned, it hangs."""
        return self._running_since is not None

    def is_due(self, tick: Tick, *, watched: bool) -> bool:
        every = self.source.seconds if watched else self.source.unwatched_seconds
        if self._last is None:
            return every != math.inf
        return tick.monotonic - self._last.monotonic >= every - _TOLERANCE_SECONDS

    def holds(self, tick: Tick) -> bool:
        """Whether the last values still are those of now."""
        if self.source.unwatched_seconds != math.inf:
            return True
        age = math.inf if self._last is None else tick.monotonic - self._last.monotonic
        return age < self.source.seconds + _TOLERANCE_SECONDS

    def run(self, tick: Tick) -> None:
        started = self._running_since = time.monotonic()
        try:
            values = self._plausible(self.source.read(tick))
            self.values, self.unknown = values, _without_values(values, self.unknown)
            self._error = ""
        except Exception as error:  # whatever a source does, the others are read
            self.values = self.unknown
            self._failed(error)
        finally:
            self._seconds = time.monotonic() - started
            self._last = tick
            self._running_since = None

    def status(self, deadline_seconds: float) -> SourceStatus:
        since = self._running_since
        return SourceStatus(
            name=self.source.name,
            last_at=self._last.at if self._last else None,
            seconds=self._seconds,
            error=self._error,
            n_errors=self._n_errors,
            n_skipped=self.n_skipped,
            n_dropped=self._n_dropped,
            hung=since is not None and time.monotonic() - since > deadline_seconds,
        )

    def _plausible(self, values: Values) -> Values:
        wrong = [
            metric
            for metric, value in values.items()
            if value is not None and not plausible(metric, value)
        ]
        if not wrong:
            return values
        self._n_dropped += len(wrong)
        self._tell(f"dropped values that cannot be true, the first one of {wrong[0].key}")
        return {**values, **dict.fromkeys(wrong)}

    def _failed(self, error: Exception) -> None:
        self._n_errors += 1
        self._error = f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]
        self._tell(self._error)

    def _tell(self, text: str) -> None:
        """Once for each text, not each second; a text that always differs is told a few times."""
        if text not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(text)
            logger.warning("source %s: %s", self.source.name, text)


def _without_values(values: Values, before: Values) -> Values:
    # Seldom other metrics than a second ago; lists compare by identity first.
    return before if list(values) == list(before) else dict.fromkeys(values)
