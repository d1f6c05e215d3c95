from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from channels.layers import InMemoryChannelLayer

from live_app.bridge import GROUP, Bridge
from live_app.core.frames import Field
from live_app.hub import Hub
from tests.fakes.asgi_socket import Connected, until

FIELDS = (Field("host/cpu_ratio", "ratio"), Field("host/load_1", "count"))


def make_hub() -> Hub:
    hub = Hub()
    hub.open("host")
    hub.open("engine.*")
    return hub


@asynccontextmanager
async def bridged(layer: Any, *hubs: Hub) -> AsyncIterator[None]:
    """All begin together, as processes do that find the layer running."""
    stop = asyncio.Event()
    running = [asyncio.create_task(Bridge(hub, layer).run(stop)) for hub in hubs]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*running)


async def test_figures_of_the_agent_reach_a_browser_of_another_process() -> None:
    agent, web = make_hub(), make_hub()
    agent.publish("host", FIELDS, [0.1, 2], 1.0)
    async with bridged(InMemoryChannelLayer(), agent, web), Connected(web) as socket:
        socket.say(op="sub", topics=["host"])
        await socket.frames(2)  # what was known already: no tick has to pass
        assert socket.mirror.values["host"] == [0.1, 2]
        agent.publish("host", FIELDS, [0.1, 3], 2.0)
        frame = await socket.frame()
        assert (frame["d"], frame["t"]) == ([1, 3], 2.0)


async def test_events_reach_a_browser_of_another_process() -> None:
    agent, web = make_hub(), make_hub()
    async with bridged(InMemoryChannelLayer(), agent, web), Connected(web) as socket:
        socket.say(op="sub", topics=["engine.7"])
        await until(lambda: agent.watched("engine.7"))
        agent.event("engine.7", "engine.state", {"state": "ready"})
        assert (await socket.frame())["data"] == {"state": "ready"}


async def test_the_agent_knows_what_is_watched_elsewhere_and_what_no_longer_is() -> None:
    agent, web = make_hub(), make_hub()
    async with bridged(InMemoryChannelLayer(), agent, web):
        async with Connected(web) as socket:
            socket.say(op="sub", topics=["engine.7"])
            await until(lambda: agent.watched("engine.7"))
        await until(lambda: not agent.watched("engine.7"))


async def test_an_agent_that_comes_later_is_told_at_once() -> None:
    agent, web, layer = make_hub(), make_hub(), InMemoryChannelLayer()
    async with bridged(layer, web), Connected(web) as socket:
        socket.say(op="sub", topics=["host"])
        await until(lambda: web.watched("host"))
        async with bridged(layer, agent):
            await until(lambda: agent.watched("host"))
            agent.publish("host", FIELDS, [0.1, 2], 1.0)
            await socket.frames(2)


async def test_what_nobody_watches_elsewhere_is_not_sent() -> None:
    agent, layer = make_hub(), InMemoryChannelLayer()
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)
    async with bridged(layer, agent):
        agent.publish("host", FIELDS, [0.1, 2], 1.0)
        agent.event("engine.7", "engine.state", {})
        await layer.group_send(GROUP, {"type": "test.end"})
        kinds: list[str] = []
        while not kinds or kinds[-1] != "test.end":
            kinds.append((await layer.receive(channel))["type"])
    assert set(kinds) <= {"live.demand", "test.end"}


async def test_a_message_of_another_version_ends_nothing() -> None:
    agent, web, layer = make_hub(), make_hub(), InMemoryChannelLayer()
    agent.publish("host", FIELDS, [0.1, 2], 1.0)
    async with bridged(layer, agent, web), Connected(web) as socket:
        for message in (
            {"type": "live.vector", "from": "x"},
            {"type": "live.vector", "from": "x", "topic": "host", "keys": [1], "units": [],
             "values": [], "at": 1.0},
            {"type": "live.demand", "from": "x", "topics": 7},
            {"type": "live.unheard_of", "from": "x"},
            {"type": "live.event"},
        ):  # fmt: skip
            await layer.group_send(GROUP, message)
        socket.say(op="sub", topics=["host"])
        await socket.frames(2)


class Breaking(InMemoryChannelLayer):  # type: ignore[misc]
    """A layer whose server is away for a while."""

    is_away = False

    async def new_channel(self, prefix: str = "specific.") -> str:
        if self.is_away:
            raise ConnectionError("away")
        return str(await super().new_channel(prefix))

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        if self.is_away:
            raise ConnectionError("away")
        await super().group_send(group, message)


async def test_a_layer_that_is_away_closes_nothing_and_figures_come_again(caplog: Any) -> None:
    agent, web, layer = make_hub(), make_hub(), Breaking()
    agent.publish("host", FIELDS, [0.1, 2], 1.0)
    async with bridged(layer, agent, web), Connected(web) as socket:
        socket.say(op="sub", topics=["host"])
        await socket.frames(2)
        layer.is_away = True
        agent.publish("host", FIELDS, [0.1, 3], 2.0)
        await until(lambda: "do not reach" in caplog.text)
        layer.is_away = False
        agent.publish("host", FIELDS, [0.1, 4], 3.0)
        assert (await socket.frame())["d"] == [1, 4]
