from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent_app.agent import Agent
from agent_app.lease import AgentLease


class Counting:
    def __init__(self, name: str) -> None:
        self.name = name
        self.started = asyncio.Event()
        self.ended = False

    async def run(self, stop: asyncio.Event) -> None:
        self.started.set()
        try:
            await stop.wait()
        finally:
            self.ended = True


class Failing(Counting):
    async def run(self, stop: asyncio.Event) -> None:
        raise RuntimeError("a loop died")


async def test_all_loops_run_until_told_to_stop(tmp_path: Path) -> None:
    loops = [Counting("a"), Counting("b")]
    stop = asyncio.Event()
    running = asyncio.create_task(Agent(AgentLease(tmp_path / "lock"), loops).run(stop))
    for loop in loops:
        await loop.started.wait()
    stop.set()
    await running
    assert all(loop.ended for loop in loops)


async def test_one_dead_loop_ends_the_others_and_the_agent(tmp_path: Path) -> None:
    healthy = Counting("healthy")
    agent = Agent(AgentLease(tmp_path / "lock"), [healthy, Failing("failing")])
    with pytest.RaisesGroup(RuntimeError):
        await agent.run(asyncio.Event())
    assert healthy.ended


async def test_an_agent_without_the_lease_takes_over_when_it_is_free(tmp_path: Path) -> None:
    holder = AgentLease(tmp_path / "lock")
    assert holder.acquire()
    loop, stop = Counting("loop"), asyncio.Event()
    running = asyncio.create_task(Agent(AgentLease(tmp_path / "lock"), [loop]).run(stop))
    await asyncio.sleep(0)
    assert not loop.started.is_set()
    holder.release()
    await loop.started.wait()
    stop.set()
    await running


async def test_a_waiting_agent_stops_at_once(tmp_path: Path) -> None:
    holder = AgentLease(tmp_path / "lock")
    assert holder.acquire()
    loop, stop = Counting("loop"), asyncio.Event()
    stop.set()
    await Agent(AgentLease(tmp_path / "lock"), [loop]).run(stop)
    assert not loop.started.is_set()
