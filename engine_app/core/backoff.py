"""When a failed engine is tried again, and when no more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

FIRST_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 60.0
JITTER: Final = 0.2  # several engines that died together must not come back together
MOST_FAILURES: Final = 5
WITHIN_SECONDS: Final = 60.0
MOST_IN_A_ROW: Final = 10  # however much time lies between them
# Ready for so long, an engine counts as sound again.
SOUND_SECONDS: Final = 600.0


class CrashLoop:
    """The recent failures of one engine. Times are monotonic seconds."""

    def __init__(self, failures: int = 0) -> None:
        """`failures` in a row that an earlier process of ours has seen."""
        self.failures = failures
        self._times: deque[float] = deque(maxlen=MOST_FAILURES)

    def failed(self, now: float, ready_seconds: float) -> None:
        if ready_seconds >= SOUND_SECONDS:
            self.forget()
        self.failures += 1
        self._times.append(now)

    def forget(self) -> None:
        self.failures = 0
        self._times.clear()

    @property
    def is_hopeless(self) -> bool:
        """Failed so often, or so often in so short a time, that a human must look."""
        full = len(self._times) == MOST_FAILURES
        soon = full and self._times[-1] - self._times[0] <= WITHIN_SECONDS
        return soon or self.failures >= MOST_IN_A_ROW

    def delay_seconds(self, random: Callable[[], float]) -> float:
        """`random` gives numbers from 0 to 1."""
        # Beyond 2^16 the power only grows a number that is cut anyway.
        doubled = FIRST_SECONDS * 2.0 ** min(max(self.failures - 1, 0), 16)
        return min(doubled, LONGEST_SECONDS) * (1 + JITTER * (2 * random() - 1))
