"""Lasting threads for Django's synchronous code.

Django's ASGI handler makes a thread for each request and drops it afterwards, and with it the
database connection that belonged to it. Here a request borrows a thread that stays, so connections
are kept. More requests at once than are kept get a thread of their own, as they would without this:
a slow upload must not hold up others.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from asgiref.sync import ThreadSensitiveContext
from django.core.handlers.asgi import ASGIHandler

KEPT: Final = 4


class WorkerThreads:
    """Runs Django's handler; the thread used last is used next, so idle ones stay cold."""

    def __init__(self, handler: ASGIHandler, kept: int = KEPT) -> None:
        self._handler = handler
        self._kept = kept
        self._free: list[ThreadPoolExecutor] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        thread = self._free.pop() if self._free else ThreadPoolExecutor(1, "request")
        try:
            async with ThreadSensitiveContext(executor=thread):
                await self._handler.handle(scope, receive, send)
        finally:
            if len(self._free) < self._kept:
                self._free.append(thread)
            else:
                thread.shutdown(wait=False)
