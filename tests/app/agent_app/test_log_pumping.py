from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from pytest_django.fixtures import Settings

from agent_app.composition import make_log_pump
from agent_app.log_pumping import LogPumping
from logs_app import history, memory
from logs_app.models import LogLine
from tests.logs import llama, print_as_child

ENGINE = "engine.7"


@pytest.fixture(autouse=True)
def _logs_of_its_own(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    memory.forget()


@pytest.mark.django_db(transaction=True)
async def test_it_reads_while_it_runs_and_once_more_when_it_is_stopped() -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(LogPumping(make_log_pump).run(stop))
    print_as_child(ENGINE, llama("while it runs", "W"))
    while not history.last(ENGINE, 1):
        assert not running.done()
        await asyncio.sleep(0.01)
    print_as_child(ENGINE, llama("at the end", "E"))
    stop.set()
    await running
    assert [line.level for line in history.last(ENGINE, 10)] == ["W", "E"]
    assert await sync_to_async(LogLine.objects.count)() == 2


@pytest.mark.django_db(transaction=True)
async def test_what_ends_the_reading_ends_the_loop() -> None:
    def broken(kept: object) -> object:
        raise RuntimeError("no pump")

    with pytest.raises(RuntimeError, match="no pump"):
        await LogPumping(broken).run(asyncio.Event())  # type: ignore[arg-type]
