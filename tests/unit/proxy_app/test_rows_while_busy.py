"""The database's two threads, and values that are read again."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from proxy_app import fresh
from proxy_app.fresh import Fresh
from proxy_app.rows import rows, written


# The two threads look after the connections that others have left in them.
@pytest.mark.django_db
async def test_who_reads_does_not_wait_behind_who_writes() -> None:
    busy = threading.Event()
    writing = asyncio.ensure_future(written(busy.wait, 20))
    try:
        assert await asyncio.wait_for(rows(int, "7"), 10) == 7
        assert not writing.done()
    finally:
        busy.set()
    assert await writing


@pytest.mark.django_db
async def test_what_is_written_keeps_its_order() -> None:
    found: list[int] = []
    await asyncio.gather(*(written(found.append, number) for number in range(50)))
    assert found == list(range(50))


async def test_a_value_that_is_not_too_old_is_used_while_a_reading_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fresh, "HANGS_SECONDS", 0.02)
    goes_on = asyncio.Event()
    goes_on.set()

    async def read() -> float:
        await goes_on.wait()
        return time.monotonic()

    value = Fresh(read, 0.0)
    first = await value.within(1)
    goes_on.clear()
    assert await value.within(0, 60) == first
    value.forget()  # it is known to be wrong: then nobody is given it
    waits = asyncio.ensure_future(value.within(1, 60))
    await asyncio.sleep(0.1)
    assert not waits.done()
    goes_on.set()
    assert await waits > first
