"""From the event loop to the rows and back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import OperationalError, close_old_connections, connection

from llamadash.failures import let_go

P = ParamSpec("P")
T = TypeVar("T")
logger = logging.getLogger(__name__)
TRIES: Final = 60
PAUSE_SECONDS: Final = 1.0


async def rows(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs it in the thread that has the database. While that is busy or away it waits: what
    happens to a process is written down late rather than never."""

    def fresh() -> T:
        if not connection.in_atomic_block:  # a test's transaction is not ours to end
            close_old_connections()
        return function(*args, **kwargs)

    for left in reversed(range(TRIES)):
        try:
            return await sync_to_async(fresh)()
        except OperationalError as error:
            if not left:
                raise
            logger.warning("engines wait for the database: %s", error)
            let_go(error)
            await asyncio.sleep(PAUSE_SECONDS)
    raise AssertionError("unreachable")
