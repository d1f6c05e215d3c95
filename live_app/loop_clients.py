from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter, deque
from typing import TYPE_CHECKING, Final

from live_app.closing import Closing
from live_app.core.frames import Frame

if TYPE_CHECKING:
    from live_app.client import Client, Visitor
    from live_app.hub import Hub

logger = logging.getLogger(__name__)

MOST_WAITING_EVENTS: Final = 1024  # between two turns of the loop


class LoopClients:
    """The clients of one event loop: all but `notify` and `tell` is called on that loop.

    However much is published between two turns of the loop, it is woken once. One task looks after
    all clients: beats, silence, sessions.
    """

    def __init__(self, hub: Hub, loop: asyncio.AbstractEventLoop) -> None:
        self.hub = hub
        self.loop = loop
        self.limits = hub.limits
        self.clients: set[Client] = set()
        self.watchers: dict[str, set[Client]] = {}
        self._lock = threading.Lock()
        self._news: dict[str, None] = {}
        self._events: deque[tuple[str, Frame]] = deque()
        self._lost: Counter[str] = Counter()  # events of each topic that had no room
        self._is_woken = False
        self._pulse: asyncio.Task[None] | None = None
        self._check: asyncio.Task[None] | None = None

    # ------------------------------------------------------------ from any thread
    def notify(self, topic: str) -> None:
        with self._lock:
            self._news[topic] = None
            self._wake()

    def tell(self, topic: str, frame: Frame) -> None:
        """The oldest give way; who watches is told how many."""
        with self._lock:
            if len(self._events) == MOST_WAITING_EVENTS:
                self._lost[self._events.popleft()[0]] += 1
            self._events.append((topic, frame))
            self._wake()

    def _wake(self) -> None:
        if self._is_woken:
            return
        try:
            self.loop.call_soon_threadsafe(self._deliver)
            self._is_woken = True
        except RuntimeError:  # the loop has ended, and with it all its clients
            self._news.clear()
            self._events.clear()
            self._lost.clear()

    # ------------------------------------------------------------ on the loop
    def _deliver(self) -> None:
        with self._lock:
            news, self._news = self._news, {}
            events, self._events = self._events, deque()
            lost, self._lost = self._lost, Counter()
            self._is_woken = False
        for topic in news:
            for client in self.watchers.get(topic, ()):
                client.has_news(topic)
        for topic, number in lost.items():
            for client in self.watchers.get(topic, ()):
                client.miss(topic, number)
        for topic, frame in events:
            for client in self.watchers.get(topic, ()):
                client.queue(topic, frame)

    def add(self, client: Client) -> None:
        self.clients.add(client)
        if self._pulse is None or self._pulse.done():
            self._pulse = self.loop.create_task(self._run_pulse(), name="live pulse")

    def remove(self, client: Client) -> None:
        self.clients.discard(client)
        for topic in client.topics:
            self.unwatch(topic, client)
        if not self.clients:
            for task in (self._pulse, self._check):
                if task is not None:
                    task.cancel()

    def refusal(self, topic: str, visitor: Visitor, n_topics: int) -> tuple[str, str] | None:
        """Code and words, when this visitor may not watch the topic."""
        staff_only = self.hub.is_staff_only(topic)
        if staff_only is None:
            return "unknown_topic", "There is no such topic."
        if staff_only and not visitor.is_staff:
            return "forbidden", "This topic is for accounts with the staff status."
        if n_topics >= self.limits.topics_of_one_client:
            return "too_many_topics", f"At most {self.limits.topics_of_one_client} topics."
        return None

    def watch(self, topic: str, client: Client) -> None:
        watchers = self.watchers.get(topic)
        if watchers is None:
            self.watchers[topic] = {client}
            self.hub.watch_changed()
        else:
            watchers.add(client)

    def unwatch(self, topic: str, client: Client) -> None:
        watchers = self.watchers.get(topic)
        if watchers is None:
            return
        watchers.discard(client)
        if not watchers:
            del self.watchers[topic]
            self.hub.watch_changed()

    # ------------------------------------------------------------ the pulse
    async def _run_pulse(self) -> None:
        checked_at = self.loop.time()
        while True:
            await asyncio.sleep(self.limits.pulse_seconds)
            now = self.loop.time()
            for client in self.clients:
                client.pulse(now)
            if now - checked_at >= self.limits.check_seconds and self._is_unchecked():
                checked_at = now
                self._check = self.loop.create_task(self._check_sessions(), name="live sessions")

    def _is_unchecked(self) -> bool:
        return self._check is None or self._check.done()

    async def _check_sessions(self) -> None:
        """Whoever has logged out, or lost rights, loses the socket. While the database does not
        answer all keep it, and are looked at again the next time."""
        keys = {client.visitor.session_key for client in self.clients}
        standing = await self.hub.standing(keys)
        if standing is None:
            return
        for client in tuple(self.clients):
            now = standing.get(client.visitor.session_key)
            if client.visitor.session_key not in keys or now == client.visitor:
                continue  # came meanwhile; or is as it was
            client.close(Closing.SESSION_ENDED if now is None else Closing.RIGHTS_CHANGED)
