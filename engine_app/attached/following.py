"""Follows attached servers: one task for each, which looks, writes what has changed, and tells."""

from __future__ import annotations

import asyncio
import importlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from engine_app.attached import keys, records
from engine_app.attached.client import Client
from engine_app.attached.feed import follow_feed
from engine_app.attached.figures import ServerFigures, served, with_figures
from engine_app.attached.looking import Looker, Seen
from engine_app.core.server_answers import News
from engine_app.models.attached import AttachedServer, Role
from engine_app.running.around import Tell
from engine_app.running.rows import rows
from engine_app.running.waiting import first_of
from metrics_app.source import Source

logger = logging.getLogger(__name__)

TOPIC: Final = "attached"  # what lists of servers listen to
STATE_EVENT: Final = "attached.state"
MODELS_EVENT: Final = "attached.models"
MOST_TOLD: Final = 50  # models in one event; beyond, whoever shows them asks
Watched = Callable[[str], bool]


class Sources(Protocol):
    """The sampler."""

    def add(self, source: Source) -> None: ...

    def remove(self, name: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between looks."""

    usual: float = 5.0
    watched: float = 2.0
    most: float = 60.0  # at a server that is away
    least: float = 0.3  # when its feed tells of much
    written: float = 60.0  # that nothing has changed


@dataclass(frozen=True, slots=True)
class Around:
    """What all followers share."""

    tell: Tell
    watched: Watched
    sources: Sources
    pace: Pace = field(default_factory=Pace)


class Follower:
    """Of one server, for as long as its row stays as it is."""

    def __init__(self, row: AttachedServer, around: Around) -> None:
        self._id = row.pk
        self.generation = row.generation
        self._source = row.source
        self._address = row.address
        self._around = around
        self._figures = ServerFigures(row.source)
        self._seen: Seen | None = None
        self._registry = ""
        self._n_failures = 0
        self._written_at = 0.0
        self._asked_at = 0.0
        self.look_now = asyncio.Event()

    async def run(self) -> None:
        key = await asyncio.to_thread(keys.key_of, self._id)
        await asyncio.to_thread(importlib.import_module, "aiohttp")  # not while others wait
        self._around.sources.add(self._figures)
        served[self._id] = self._figures
        feed: asyncio.Task[None] | None = None
        try:
            async with Client(self._address, key) as client:
                looker = Looker(client, has_key=bool(key))

                def heard(news: News) -> None:
                    if news.progress is not None:
                        looker.progress(news.model_id, news.progress)
                    self.look_now.set()

                try:
                    while True:
                        self.look_now.clear()
                        seen = await self.step(looker)
                        if feed is None and seen.role == Role.ROUTER:
                            feed = asyncio.create_task(follow_feed(client, heard))
                        await self._pause()
                finally:
                    if feed is not None:
                        feed.cancel()
                        await asyncio.gather(feed, return_exceptions=True)
        finally:
            self._around.sources.remove(self._figures.name)
            served.pop(self._id, None)

    async def step(self, looker: Looker) -> Seen:
        """One look."""
        seen = await looker.look()
        self._n_failures = 0 if seen.is_reachable else self._n_failures + 1
        self._figures.follow(with_figures(seen.models or ()))
        if seen != self._seen:
            await self._write(seen)
        elif time.monotonic() - self._written_at >= self._around.pace.written:
            await self._write_that_it_is_so(seen)
        # Asked more often, an engine does not notice that a client of a plain request has left.
        if time.monotonic() - self._asked_at >= self._around.pace.watched:
            self._asked_at = time.monotonic()
            await self._figures.ask(looker.client, seen.role)
        return seen

    async def _write(self, seen: Seen, *, links_anew: bool = False) -> None:
        changed = await rows(records.write, self._id, self.generation, seen, links_anew=links_anew)
        if changed is None:  # another follower comes in this one's place
            return
        before, self._seen, self._written_at = self._seen, seen, time.monotonic()
        if before is None or before.state != seen.state:
            level = logging.INFO if seen.is_reachable else logging.WARNING
            logger.log(level, "%s at %s: %s", self._source, self._address, words(seen))
        await self._tell(seen, changed)

    async def _write_that_it_is_so(self, seen: Seen) -> None:
        """Also looks whether the registry has another name for its models now."""
        version = await rows(records.registry_version)
        if version != self._registry:
            self._registry = version
            await self._write(seen, links_anew=True)
        else:
            await rows(records.touch, self._id, self.generation, seen)
            self._written_at = time.monotonic()

    async def _tell(self, seen: Seen, changed: list[dict[str, Any]]) -> None:
        described = await rows(records.described, self._id)
        if described is None:
            return
        counts = {
            "n_models": None if seen.models is None else len(seen.models),
            "n_in_memory": None if seen.models is None else seen.n_in_memory,
        }
        for topic in (self._source, TOPIC):
            self._around.tell(topic, STATE_EVENT, described | counts)
        if changed:
            news = {"id": self._id, "models": changed[:MOST_TOLD], "n_changed": len(changed)}
            self._around.tell(self._source, MODELS_EVENT, news)

    async def _pause(self) -> None:
        """Until the next look is due; somebody who comes to watch makes it due earlier."""
        looked_at = time.monotonic()
        pace = self._around.pace
        await asyncio.sleep(pace.least)
        while not self.look_now.is_set():
            left = looked_at + self._seconds() - time.monotonic()
            if left <= 0:
                return
            await first_of(min(left, 1.0), self.look_now.wait)

    def _seconds(self) -> float:
        pace = self._around.pace
        if self._around.watched(self._source) or self._around.watched(TOPIC):
            return pace.watched if self._n_failures < 2 else pace.usual
        return min(pace.usual * 2.0 ** max(0, self._n_failures - 1), pace.most)


def words(seen: Seen) -> str:
    """For the log."""
    if not seen.is_reachable:
        return seen.reason
    models = "" if seen.models is None else f", {len(seen.models)} models"
    return f"{seen.role.label} {seen.build}{models}".strip()


class Following:
    """All servers of this node. Guarantees: one task for a server, none for one that is detached,
    switched off or gone."""

    def __init__(self, node: str, around: Around) -> None:
        self._node = node
        self._around = around
        self._followers: dict[int, Follower] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    @property
    def followers(self) -> Mapping[int, Follower]:
        return self._followers

    async def begin(self) -> None:
        kept = await rows(records.all_ids)
        await asyncio.to_thread(keys.keep_only, kept)

    async def step(self) -> None:
        """Makes the followers those of the rows. Raises what a follower has died of."""
        wanted = {row.pk: row for row in await rows(records.to_follow, self._node)}
        for server_id, follower in list(self._followers.items()):
            if self._tasks[server_id].done():
                await self._tasks[server_id]
            row = wanted.get(server_id)
            if row is None or row.generation != follower.generation:
                await self._end(server_id)
        for server_id, row in wanted.items():
            if server_id not in self._followers:
                follower = self._followers[server_id] = Follower(row, self._around)
                task = asyncio.create_task(follower.run(), name=row.source)
                self._tasks[server_id] = task

    def look_now(self) -> None:
        """At all of them: somebody has just asked one for something."""
        for follower in self._followers.values():
            follower.look_now.set()

    async def _end(self, server_id: int) -> None:
        task = self._tasks.pop(server_id)
        del self._followers[server_id]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def end(self) -> None:
        for server_id in list(self._followers):
            await self._end(server_id)
