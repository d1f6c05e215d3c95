from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from live_app.closing import Closing, close_message
from live_app.core import frames, protocol
from live_app.core.frames import Frame
from live_app.core.protocol import ProtocolError
from live_app.limits import FRAME_BYTES

if TYPE_CHECKING:
    from live_app.loop_clients import LoopClients

Send = Callable[[Any], Awaitable[None]]
Receive = Callable[[], Awaitable[Any]]
CLOSE_SECONDS: Final = 2.0  # for the close frame of a client that may not read


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who opened the socket, and by which session."""

    session_key: str
    user_id: int
    is_staff: bool


class Client:
    """One socket. Its only writer composes what the browser is behind by, when there is credit.

    So a client that does not read holds no figures at all, and a bounded number of events.
    """

    __slots__ = (
        "_allowance",
        "_allowance_at",
        "_beat_due",
        "_behind",
        "_closing",
        "_is_gone",
        "_limit",
        "_loop_clients",
        "_missed",
        "_n_acked",
        "_n_bad",
        "_n_sent",
        "_queue",
        "_queued_bytes",
        "_seen",
        "_send",
        "_sending_since",
        "_sent_at",
        "_turn",
        "_unacked_since",
        "_waiter",
        "standard_codes",
        "visitor",
    )  # fmt: skip

    def __init__(
        self, visitor: Visitor, send: Send, loop_clients: LoopClients, *, standard_codes: bool
    ) -> None:
        self.visitor = visitor
        self.standard_codes = standard_codes
        self._send = send
        self._loop_clients = loop_clients
        self._seen: dict[str, int | None] = {}  # see Topic
        self._behind: dict[str, None] = {}  # topics that may have news, in their order
        self._queue: deque[tuple[str, Frame]] = deque()
        self._queued_bytes = 0
        self._missed: dict[str, int] = {}
        self._turn = False
        self._n_sent = self._n_acked = self._n_bad = 0
        self._beat_due = self._is_gone = False
        self._closing: Closing | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._limit = asyncio.timeout(None)
        self._sent_at = self._allowance_at = loop_clients.loop.time()
        self._sending_since: float | None = None
        self._unacked_since: float | None = None
        self._allowance = loop_clients.limits.frames_per_second

    # ------------------------------------------------------------ the life of the socket
    async def run(self, receive: Receive) -> Closing | None:
        """Until the browser goes or the socket is closed; says why we closed it."""
        reader = asyncio.create_task(self._read(receive))
        try:
            async with self._limit:
                await self._write()
        except OSError:  # blocked for too long (a TimeoutError), or gone while we sent
            pass
        finally:
            self._sending_since = None
            reader.cancel()
            await asyncio.wait((reader,))
        if not reader.cancelled():
            reader.result()  # an error of ours is not lost
        if self._closing is not None:
            await self._say_closed(self._closing)
        return self._closing

    async def _read(self, receive: Receive) -> None:
        try:
            while (message := await receive())["type"] == "websocket.receive":
                self.take(message.get("text"))
        finally:
            self._is_gone = True
            self._wake()

    async def _write(self) -> None:
        loop = self._loop_clients.loop
        while self._closing is None and not self._is_gone:
            frame = self._next()
            if frame is None:
                self._waiter = loop.create_future()
                await self._waiter
                continue
            self._sent_at = self._sending_since = loop.time()
            if self._unacked_since is None:
                self._unacked_since = self._sent_at
            self._n_sent += 1
            await self._send({"type": "websocket.send", "text": frame.text})
            self._sending_since = None
            self._loop_clients.hub.counts.sent(frame.n_bytes)

    async def _say_closed(self, closing: Closing) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._send(close_message(closing, standard_codes=self.standard_codes))
        except OSError:
            pass  # the server drops the connection when we return

    def close(self, closing: Closing) -> None:
        if self._closing is not None:
            return
        self._closing = closing
        if self._sending_since is None:
            self._wake()
        elif self._limit.when() is None:
            self._limit.reschedule(self._loop_clients.loop.time())

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # ------------------------------------------------------------ what is sent next
    @property
    def _has_credit(self) -> bool:
        return self._n_sent - self._n_acked < self._loop_clients.limits.unacknowledged

    def _next(self) -> Frame | None:
        """Figures and events take turns, so that neither starves the other."""
        if not self._has_credit:
            return None
        self._turn = not self._turn
        if self._turn:
            return self._next_figures() or self._next_queued() or self._next_beat()
        return self._next_queued() or self._next_figures() or self._next_beat()

    def _next_figures(self) -> Frame | None:
        while self._behind:
            topic = next(iter(self._behind))
            news = self._loop_clients.hub.frame_after(topic, self._seen[topic])
            if news is None:
                del self._behind[topic]
                continue
            frame, seen = news
            self._seen[topic] = seen
            if seen > 0:  # else that was the schema, and the values are next
                del self._behind[topic]
            return frame
        return None

    def _next_queued(self) -> Frame | None:
        if self._missed:
            topic, missed = self._missed.popitem()
            return frames.gap(topic, missed)
        if not self._queue:
            return None
        _, frame = self._queue.popleft()
        self._queued_bytes -= frame.n_bytes
        return frame

    def _next_beat(self) -> Frame | None:
        if not self._beat_due:
            return None
        self._beat_due = False
        return frames.beat(self._n_sent + 1)

    # ------------------------------------------------------------ news from the hub
    def has_news(self, topic: str) -> None:
        self._behind[topic] = None
        if self._has_credit:
            self._wake()

    def queue(self, topic: str, frame: Frame) -> None:
        """The oldest give way; the browser is told how many."""
        limits = self._loop_clients.limits
        self._queue.append((topic, frame))
        self._queued_bytes += frame.n_bytes
        while len(self._queue) > limits.queued_frames or self._queued_bytes > limits.queued_bytes:
            lost, dropped = self._queue.popleft()
            self._queued_bytes -= dropped.n_bytes
            if lost:  # answers to the browser's own mistakes have no topic
                self.miss(lost, 1)
        if self._has_credit:
            self._wake()

    def miss(self, topic: str, number: int) -> None:
        """So many events of the topic are lost: said before what is sent next."""
        self._missed[topic] = self._missed.get(topic, 0) + number

    def pulse(self, now: float) -> None:
        limits = self._loop_clients.limits
        if self._sending_since is not None and now - self._sending_since >= limits.silent_seconds:
            self.close(Closing.BLOCKED)
        elif self._unacked_since is not None:
            if now - self._unacked_since >= limits.silent_seconds:
                self.close(Closing.SILENT)
        elif now - self._sent_at >= limits.beat_seconds and not self._beat_due:
            self._beat_due = True
            self._wake()

    # ------------------------------------------------------------ what the browser says
    def take(self, text: str | None) -> None:
        if not self._is_slow_enough():
            self.close(Closing.TOO_FAST)
        elif text is not None and len(text) > FRAME_BYTES:
            self.close(Closing.TOO_BIG)
        else:
            self._take(text)

    def _take(self, text: str | None) -> None:
        try:
            if text is None:
                raise ProtocolError("binary", "A frame is text.")
            request = protocol.parse(text)
            if isinstance(request, protocol.Ack):
                self._acknowledge(request.n)
            elif isinstance(request, protocol.Subscribe):
                self._subscribe(request)
            else:
                self._unsubscribe(request.topics)
        except ProtocolError as error:
            self._refuse(error)

    def _refuse(self, error: ProtocolError) -> None:
        self._n_bad += 1
        self._loop_clients.hub.counts.errors += 1
        self.queue("", frames.error(error.code, str(error)))
        if self._n_bad >= self._loop_clients.limits.bad_frames:
            self.close(Closing.ABUSE)

    def _is_slow_enough(self) -> bool:
        """Two seconds' worth may come at once."""
        rate = self._loop_clients.limits.frames_per_second
        now = self._loop_clients.loop.time()
        gained = (now - self._allowance_at) * rate
        self._allowance_at = now
        self._allowance = min(self._allowance + gained, 2 * rate) - 1
        return self._allowance >= 0

    def _acknowledge(self, n: int) -> None:
        if n > self._n_sent:
            raise ProtocolError("bad_ack", f"Only {self._n_sent} frames were sent.")
        if n <= self._n_acked:
            return
        self._n_acked = n
        self._allowance += 1  # we asked for it: a browser may take a backlog as fast as it can
        self._unacked_since = None if n == self._n_sent else self._loop_clients.loop.time()
        if self._behind or self._queue or self._missed:
            self._wake()

    def _subscribe(self, request: protocol.Subscribe) -> None:
        """Again without `since`: the browser has lost its place and is told everything anew."""
        for topic in request.topics:
            n_others = len(self._seen) - (topic in self._seen)
            if refusal := self._loop_clients.refusal(topic, self.visitor, n_others):
                self._loop_clients.hub.counts.errors += 1
                self.queue("", frames.error(*refusal, topic))
                continue
            self._seen[topic] = request.since.get(topic)
            self._loop_clients.watch(topic, self)
            self.has_news(topic)

    def _unsubscribe(self, topics: tuple[str, ...]) -> None:
        for topic in topics:
            if topic in self._seen:
                del self._seen[topic]
                self._behind.pop(topic, None)
                self._missed.pop(topic, None)
                self._loop_clients.unwatch(topic, self)

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(self._seen)
