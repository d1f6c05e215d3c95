from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def on_stop(stop: asyncio.Event) -> Iterator[None]:
    """SIGINT or SIGTERM sets `stop`; the second one acts as it would without us."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def restore() -> None:
        for number in signals:
            loop.remove_signal_handler(number)

    def first() -> None:
        stop.set()
        restore()

    for number in signals:
        loop.add_signal_handler(number, first)
    try:
        yield
    finally:
        restore()
