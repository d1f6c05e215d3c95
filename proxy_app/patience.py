"""How long an engine is waited for that says nothing of what it was asked.

Its pings do not count: a server whose computation hangs goes on sending them.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from proxy_app.core import sse

if TYPE_CHECKING:
    import aiohttp


class Patience:
    """Of one question; counts only the time in which the engine is waited for, not the time that
    its answer needs to its client."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._began = time.monotonic()
        self._waited = 0.0

    async def chunks(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """Raises TimeoutError. Whoever reads them tells by `heard` what was in each."""
        async for chunk in response.content.iter_any():
            self._waited += time.monotonic() - self._began
            yield chunk
            if self._waited > self.seconds:
                raise TimeoutError
            self._began = time.monotonic()

    def heard(self, events: Sequence[bytes]) -> None:
        """Those that a chunk has ended. None: it is a part of a long one."""
        if not events or not all(map(sse.is_comment, events)):
            self._waited = 0.0
