"""From the event loop to the database and back, in one lasting thread of the gateway's own.

Requests that only need what is known in memory never come here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from django.db import close_old_connections, connection

P = ParamSpec("P")
T = TypeVar("T")
_thread: Final = ThreadPoolExecutor(1, "gateway")


async def rows(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    def fresh() -> T:
        if not connection.in_atomic_block:
            close_old_connections()
        return function(*args, **kwargs)

    return await asyncio.get_running_loop().run_in_executor(_thread, fresh)
