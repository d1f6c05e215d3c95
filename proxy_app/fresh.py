"""A value that is read again when it has become too old; who asks meanwhile shares the reading."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

HANGS_SECONDS: Final = 1.0  # a reading that takes longer
T = TypeVar("T")


class Fresh(Generic[T]):
    """Belongs to one event loop. A reading that fails leaves the old value, and raises."""

    def __init__(self, read: Callable[[], Awaitable[T]], first: T) -> None:
        self._read = read
        self.value = first
        self._read_at = -float("inf")  # when the last reading began
        self._reading: asyncio.Task[None] | None = None

    def is_older(self, seconds: float) -> bool:
        return time.monotonic() - self._read_at > seconds

    def forget(self) -> None:
        """The next one who asks has it read."""
        self._read_at = -float("inf")

    async def within(self, seconds: float, most: float | None = None) -> T:
        """A value that is no older than so; while a reading hangs, one that is no older than
        `most`."""
        if not self.is_older(seconds):
            return self.value
        if most is None or self.is_older(most):
            return await self.again()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HANGS_SECONDS):
                await self.again()
        return self.value

    async def again(self) -> T:
        self._begin()
        if self._reading is not None:
            # Whoever gives up waiting must not end the reading of the others.
            await asyncio.shield(self._reading)
        return self.value

    def soon(self, seconds: float) -> T:
        """What is known now; when that is older, it is read meanwhile."""
        if self.is_older(seconds):
            self._begin()
        return self.value

    def _begin(self) -> None:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._work())

    async def _work(self) -> None:
        began = time.monotonic()
        self.value = await self._read()
        self._read_at = began
