from __future__ import annotations

import asyncio
import time
from typing import Final

EVERY_SECONDS: Final = 0.2


class LoopLag:
    """How long the event loop was not free to do what was due: a timer looks five times a second.

    What blocks for longer than a fifth is never missed; what is shown may be short by so much.
    Ten times a second would take 0.15 % of a core, all other sampling takes 0.25 %.
    """

    def __init__(self) -> None:
        self._largest = 0.0
        self._due_at: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._due_at = time.monotonic() + EVERY_SECONDS
        self._timer = asyncio.get_running_loop().call_later(EVERY_SECONDS, self._look)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due_at = self._timer = None

    def take(self) -> float | None:
        """The largest delay since it was last taken; from any thread, also while the loop hangs."""
        if self._due_at is None:
            return None
        largest, self._largest = self._largest, 0.0
        return max(largest, time.monotonic() - self._due_at, 0.0)

    def _look(self) -> None:
        if self._due_at is not None:
            self._largest = max(self._largest, time.monotonic() - self._due_at)
            self.start()
