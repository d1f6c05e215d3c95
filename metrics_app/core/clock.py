"""The time of day beside a clock that nobody can set."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

JUMP_SECONDS: Final = 2.0


class Tick(NamedTuple):
    """One moment. Differences of times are taken of `monotonic`, which no one sets."""

    at: float  # wall clock, Unix seconds
    monotonic: float
    elapsed_seconds: float | None  # since the last tick; None at the first
    jump_seconds: float = 0.0  # how far the wall clock was moved since then; 0 for a slow drift


class Clock:
    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._last: Tick | None = None

    def tick(self) -> Tick:
        last, at, monotonic = self._last, self._wall(), self._monotonic()
        if last is None:
            self._last = Tick(at, monotonic, None)
        else:
            elapsed = monotonic - last.monotonic
            # Not only what was set: the monotonic clock of Linux stands still while it sleeps.
            jump = at - last.at - elapsed
            self._last = Tick(at, monotonic, elapsed, jump if abs(jump) > JUMP_SECONDS else 0.0)
        return self._last
