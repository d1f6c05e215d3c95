"""The hubs of several processes, joined by a channel layer: `serve --no-agent` beside `agent`.

One subscription a process. Figures go from where they are published to where they are watched,
one message a topic and tick; what is watched goes the other way. Everything is a hint: a message
lost is made good by the next one, so a layer that is down costs figures for a while, nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from live_app.core.frames import Field
from live_app.core.vector import Value
from live_app.hub import Hub

logger = logging.getLogger(__name__)

GROUP: Final = "llamadash.live"
DEMAND_EVERY_SECONDS: Final = 5.0
SEND_SECONDS: Final = 4.0
DEAF_SECONDS: Final = 15.0  # we hear our own demand: no word for so long, and nobody is heard
AGAIN_SECONDS: Final = 1.0
MOST_EVENTS: Final = 256
MOST_PEERS: Final = 256

Message = dict[str, Any]


class Bridge:
    """A loop of the agent and of every web process, where a channel layer is configured."""

    name = "bridge"

    def __init__(self, hub: Hub, layer: Any) -> None:
        self._hub = hub
        self._layer = layer
        self._origin = secrets.token_hex(8)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._vectors: dict[str, Message] = {}  # newest wins
        self._events: deque[Message] = deque(maxlen=MOST_EVENTS)
        self._demand_due_at = 0.0
        self._heard_at = 0.0
        self._is_down = False
        self._peers: set[str] = set()

    # ------------------------------------------------------------ from the hub, on any thread
    def vector(
        self, topic: str, fields: Sequence[Field], values: Sequence[Value], at: float
    ) -> None:
        self._vectors[topic] = {
            "type": "live.vector",
            "topic": topic,
            "keys": [field.key for field in fields],
            "units": [field.unit for field in fields],
            "values": list(values),
            "at": at,
        }
        self._wake_up()

    def event(self, topic: str, name: str, data: Mapping[str, Any]) -> None:
        self._events.append({"type": "live.event", "topic": topic, "name": name, "data": data})
        self._wake_up()

    def watch_changed(self) -> None:
        self._demand_due_at = 0.0
        self._wake_up()

    def _wake_up(self) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._wake.set)

    # ------------------------------------------------------------ the loop
    async def run(self, stop: asyncio.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._hub.relay = self
        tasks = [
            asyncio.create_task(self._listen(), name="bridge listens"),
            asyncio.create_task(self._speak(), name="bridge speaks"),
            asyncio.create_task(stop.wait(), name="bridge stop"),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._hub.relay = None
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _listen(self) -> None:
        """Subscribes anew whenever nothing is heard any more, not even ourselves."""
        while True:
            try:
                channel = await self._layer.new_channel()
                await self._layer.group_add(GROUP, channel)
                self._heard_at = time.monotonic()
                await self._hear(channel)
                await self._layer.flush()  # else it believes that it is subscribed
            except Exception as error:  # whatever the layer's own library raises
                self._down(error)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _hear(self, channel: str) -> None:
        while time.monotonic() - self._heard_at < DEAF_SECONDS:
            try:
                async with asyncio.timeout(DEAF_SECONDS):
                    message = await self._layer.receive(channel)
            except TimeoutError:
                return
            self._heard_at = time.monotonic()
            self._up()
            if message.get("from") != self._origin:
                self._take(message)

    def _greet(self, origin: str) -> None:
        """Who has just come does not know what is watched here."""
        if origin in self._peers:
            return
        if len(self._peers) >= MOST_PEERS:
            self._peers.clear()
        self._peers.add(origin)
        self.watch_changed()

    def _take(self, message: Message) -> None:
        try:
            kind, origin = message["type"], str(message["from"])
            self._greet(origin)
            if kind == "live.vector":
                pairs = zip(message["keys"], message["units"], strict=True)
                fields = tuple(Field(key, unit) for key, unit in pairs)
                self._hub.publish(
                    message["topic"], fields, message["values"], message["at"], origin
                )
            elif kind == "live.event":
                self._hub.event(message["topic"], message["name"], message["data"], origin)
            elif kind == "live.demand":
                self._meet(self._hub.demand(origin, message["topics"]))
        except (KeyError, TypeError, ValueError) as error:  # of another version
            logger.warning("a message of another process makes no sense: %r", error)

    def _meet(self, topics: set[str]) -> None:
        """Who begins to watch needs no tick to pass until something is seen."""
        for topic in topics:
            newest = self._hub.newest(topic)
            if newest is not None:
                self.vector(topic, *newest)

    # ------------------------------------------------------------ what we say
    async def _speak(self) -> None:
        while True:
            self._wake.clear()
            if time.monotonic() >= self._demand_due_at:
                self._demand_due_at = time.monotonic() + DEMAND_EVERY_SECONDS
                await self._say(
                    {"type": "live.demand", "topics": sorted(self._hub.watched_topics())}
                )
            while self._events:
                await self._say(self._events.popleft())
            while self._vectors:
                # One step, for others put in meanwhile.
                _, vector = self._vectors.popitem()
                await self._say(vector)
            wait = max(0.0, self._demand_due_at - time.monotonic())
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    async def _say(self, message: Message) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._layer.group_send(GROUP, message | {"from": self._origin})
        except Exception as error:  # whatever the layer's own library raises
            self._down(error)

    def _down(self, error: Exception) -> None:
        if not self._is_down:
            kind = type(error).__name__
            logger.warning("live updates do not reach other processes: %s: %s", kind, error)
        self._is_down = True

    def _up(self) -> None:
        if self._is_down:
            logger.warning("live updates reach other processes again")
        self._is_down = False
