"""From the event loop to the database and back, in two lasting threads of the gateway's own: one
reads, one writes. Who writes may have to wait for another process that does; nobody who only reads
waits behind it.

Requests that only need what is known in memory never come here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

from django.db import close_old_connections, connection

P = ParamSpec("P")
T = TypeVar("T")
_thread: Final = ThreadPoolExecutor(1, "gateway")
_writer: Final = ThreadPoolExecutor(1, "gateway writes")


async def rows(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """For what only reads."""
    return await _in(_thread, partial(function, *args, **kwargs))


async def written(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """For what writes; in the order in which it is asked for."""
    return await _in(_writer, partial(function, *args, **kwargs))


async def _in(thread: ThreadPoolExecutor, function: Callable[[], T]) -> T:
    def fresh() -> T:
        if not connection.in_atomic_block:
            close_old_connections()
        return function()

    return await asyncio.get_running_loop().run_in_executor(thread, fresh)
