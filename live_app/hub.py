"""Live figures and events, from whoever knows them to the browsers that watch.

    hub.open("host")
    hub.publish("host", fields, values, at)      # from any thread
    hub.event("engine.7", "engine.state", {...})

A topic must be open to be watched; "engine.*" opens all that begin so. Publishing what nobody
watches costs about a microsecond.
"""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from live_app import sessions
from live_app.client import Client, Send, Visitor
from live_app.closing import Closing
from live_app.core import frames
from live_app.core.frames import Field, Frame
from live_app.core.vector import Value
from live_app.limits import Limits
from live_app.loop_clients import LoopClients
from live_app.topic import Topic

DEMAND_SECONDS: Final = 15.0  # how long the word of another process counts
Standing = Callable[[set[str]], Awaitable[Mapping[str, Visitor] | None]]


class Relay(Protocol):
    """The way to other processes; called from any thread, never waits."""

    def vector(
        self, topic: str, fields: Sequence[Field], values: Sequence[Value], at: float
    ) -> None: ...

    def event(self, topic: str, name: str, data: Mapping[str, Any]) -> None: ...

    def watch_changed(self) -> None: ...


@dataclass(slots=True)
class HubFigures:
    """Since the start of the process, but for the first two."""

    clients: int = 0
    topics: int = 0  # those that are watched
    published: int = 0
    frames_sent: int = 0
    bytes_sent: int = 0
    coalesced: int = 0  # frames that stand for several
    errors: int = 0  # answers to frames that made no sense
    refused: int = 0  # before they were accepted: no login, another site
    closed: dict[str, int] = field(default_factory=dict)  # by reason

    def sent(self, n_bytes: int) -> None:
        self.frames_sent += 1
        self.bytes_sent += n_bytes


class Hub:
    """Guarantees: newest wins; a client that does not read costs others nothing."""

    def __init__(
        self, limits: Limits | None = None, standing: Standing = sessions.standing
    ) -> None:
        self.limits = limits or Limits()
        self.standing = standing
        self.counts = HubFigures()
        self.relay: Relay | None = None
        # No process counts where another one did: a place in one is no place in the other.
        self._start = secrets.randbelow(2**30) << 22
        self._lock = threading.Lock()
        self._open: dict[str, bool] = {}
        self._topics: dict[str, Topic] = {}
        self._loops: dict[asyncio.AbstractEventLoop, LoopClients] = {}
        self._demand: dict[str, tuple[float, frozenset[str]]] = {}

    # ------------------------------------------------------------ topics
    def open(self, topic: str, staff: bool = False) -> None:
        self._open[topic] = staff

    def is_staff_only(self, topic: str) -> bool | None:
        """None: there is no such topic."""
        if topic in self._open:
            return self._open[topic]
        for pattern, staff in self._open.items():
            if pattern.endswith("*") and topic.startswith(pattern[:-1]):
                return staff
        return None

    def watched(self, topic: str) -> bool:
        """By a browser of this process, or of another one."""
        return any(topic in each.watchers for each in self._each_loop()) or self._is_demanded(topic)

    def watched_topics(self) -> set[str]:
        """By browsers of this process."""
        return {topic for each in self._each_loop() for topic in tuple(each.watchers)}

    def _each_loop(self) -> tuple[LoopClients, ...]:
        return tuple(self._loops.values())

    # ------------------------------------------------------------ publishing, from any thread
    def publish(
        self,
        topic: str,
        fields: Sequence[Field],
        values: Sequence[Value],
        at: float,
        origin: str = "",
    ) -> None:
        """Other fields, another sequence: the same one is not looked at again.

        `origin` names the process it came from, when that is another one.
        """
        watching = [each for each in self._each_loop() if topic in each.watchers]
        with self._lock:
            state = self._topic(topic)
            if state is None or not state.offer(fields, values, at, origin):
                return
            has_changed = bool(watching) and state.settle()
        self.counts.published += 1
        if has_changed:
            for each in watching:
                each.notify(topic)
        if self.relay is not None and not origin and self._is_demanded(topic):
            self.relay.vector(topic, fields, values, at)

    def _topic(self, name: str) -> Topic | None:
        state = self._topics.get(name)
        if state is not None or self.is_staff_only(name) is None:
            return state
        if len(self._topics) >= self.limits.topics:
            return None
        state = self._topics[name] = Topic(name, self._start)
        return state

    def event(self, topic: str, name: str, data: Mapping[str, Any], origin: str = "") -> None:
        """Kept for no one: who watches the topic now is told."""
        watching = [each for each in self._each_loop() if topic in each.watchers]
        if watching:
            frame = frames.event(topic, name, data)
            for each in watching:
                each.tell(topic, frame)
        if self.relay is not None and not origin and self._is_demanded(topic):
            self.relay.event(topic, name, data)

    def newest(self, topic: str) -> tuple[tuple[Field, ...], list[Value], float] | None:
        with self._lock:
            state = self._topics.get(topic)
            return None if state is None else state.newest()

    def frame_after(self, topic: str, seen: int | None) -> tuple[Frame, int] | None:
        """The next frame for a client that has seen so much, and what it has seen then."""
        with self._lock:
            state = self._topics.get(topic)
            if state is None:
                return None
            state.settle()
            news = state.frame_after(seen)
            if seen is not None and seen > 0 and news is not None and not state.is_next(seen):
                self.counts.coalesced += 1
        return news

    # ------------------------------------------------------------ demand of other processes
    def demand(self, origin: str, topics: Iterable[str]) -> set[str]:
        """Another process says what its browsers watch. Returns what nobody else had asked for."""
        wanted = frozenset(topics)
        with self._lock:
            new = {topic for topic in wanted if not self._is_demanded(topic)}
            self._demand[origin] = time.monotonic() + DEMAND_SECONDS, wanted
            for gone in [each for each, (end, _) in self._demand.items() if end < time.monotonic()]:
                del self._demand[gone]
        return new

    def _is_demanded(self, topic: str) -> bool:
        if not self._demand:
            return False
        now = time.monotonic()
        return any(end > now and topic in topics for end, topics in tuple(self._demand.values()))

    def watch_changed(self) -> None:
        if self.relay is not None:
            self.relay.watch_changed()

    # ------------------------------------------------------------ clients, on their loop
    def refusal(self, visitor: Visitor) -> Closing | None:
        """Why this visitor may have no socket now."""
        clients = [client for each in self._each_loop() for client in tuple(each.clients)]
        if len(clients) >= self.limits.clients:
            return Closing.FULL
        own = sum(client.visitor.user_id == visitor.user_id for client in clients)
        return Closing.FULL_FOR_USER if own >= self.limits.clients_of_one_user else None

    def join(self, visitor: Visitor, send: Send, *, standard_codes: bool) -> Client:
        loop = asyncio.get_running_loop()
        with self._lock:
            here = self._loops.setdefault(loop, LoopClients(self, loop))
        client = Client(visitor, send, here, standard_codes=standard_codes)
        here.add(client)
        return client

    def leave(self, client: Client) -> None:
        loop = asyncio.get_running_loop()
        here = self._loops[loop]
        here.remove(client)
        if not here.clients:
            with self._lock:
                del self._loops[loop]

    def closed(self, closing: Closing) -> None:
        self.counts.closed[closing.reason] = self.counts.closed.get(closing.reason, 0) + 1

    def figures(self) -> HubFigures:
        clients = sum(len(each.clients) for each in self._each_loop())
        now = dataclasses.replace(self.counts, clients=clients, topics=len(self.watched_topics()))
        now.closed = dict(self.counts.closed)
        return now


hub: Final = Hub()
