"""Whether an engine works on something, and how often it is asked while it is to end."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine_app.process import launch
from engine_app.running.ending import drain
from engine_app.running.launching import Running
from engine_app.running.occupied import may_be_busy
from tests.unit.engine_app.test_health_client import answering, ok

BUSY = ok(b'[{"is_processing": true}]')
IDLE = ok(b'[{"is_processing": false}]')


@asynccontextmanager
async def running(port: int) -> AsyncIterator[Running]:
    child = launch(["sleep", "60"], os.environ, subprocess.DEVNULL, Path.cwd())
    try:
        yield Running(child, 1, port, "k", time.time())
    finally:
        child.kill_group()
        assert await child.wait(5)


@pytest.mark.parametrize(
    ("answer", "busy"), [(BUSY, True), (IDLE, False), (ok(b"no", "404 Not Found"), True)]
)
async def test_what_does_not_say_may_be_busy(answer: bytes, busy: bool) -> None:
    async with answering(answer) as (port, _), running(port) as engine:
        assert await may_be_busy(engine) is busy


async def test_one_that_sleeps_is_not_busy_and_is_not_asked_for_its_slots() -> None:
    async with answering(ok(b'{"is_sleeping": true}')) as (port, heard), running(port) as engine:
        engine.sleeps_by_itself = True
        assert not await may_be_busy(engine)
        assert [each.split()[1] for each in heard] == [b"/props"]
        engine.is_asleep = True
        assert not await may_be_busy(engine)
        assert len(heard) == 1


async def test_an_idle_one_is_drained_at_once_and_a_busy_one_is_seldom_asked() -> None:
    async with answering(IDLE) as (port, heard), running(port) as engine:
        await drain(engine, 60, lambda: False)
        assert len(heard) == 1
    async with answering(BUSY) as (port, heard), running(port) as engine:
        await drain(engine, 0.8, lambda: False)
        assert len(heard) == 1
        began = time.monotonic()
        await drain(engine, 60, lambda: time.monotonic() - began > 0.1)
        assert len(heard) == 2
