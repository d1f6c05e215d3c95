"""Asks one engine how it does, while it is ready: seldom, and never one that sleeps."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from engine_app.core.llama_metrics import parse
from engine_app.figures.answers import Answers
from engine_app.health import NoAnswer, NotListening, Reply, get, is_sleeping
from engine_app.running.around import TOPIC, Tell
from engine_app.running.launching import Running

logger = logging.getLogger(__name__)

Watched = Callable[[str], bool]

LOOK_SECONDS: Final = 1.0  # a browser that comes is not kept waiting for long
SECONDS: Final = 5.0
# Asked more often, an engine does not notice that a client of a plain request has left.
WATCHED_SECONDS: Final = 2.0
ANSWER_SECONDS: Final = 5.0  # it answers between two steps, which are long on a slow machine
AGAIN_SECONDS: Final = 6.0  # slots that do not change are told again, for whoever came meanwhile
SLOTS_EVENT: Final = "engine.slots"


class Asking:
    """Belongs to the agent's loop; `look` is called again and again. An engine that does not answer
    costs nobody but itself: what it told before is soon too old to be shown."""

    def __init__(
        self, topic: str, running: Running, answers: Answers, tell: Tell, watched: Watched
    ) -> None:
        self._topic = topic
        self._running = running
        self._answers = answers
        self._tell = tell
        self._watched = watched
        self._asked_at = float("-inf")
        self._question: asyncio.Task[None] | None = None
        self._shown: object = None
        self._shown_at = 0.0
        self._problem = ""

    def look(self) -> None:
        """Begins to ask when it is time. What is not answered yet is not asked again."""
        if not self._is_awake:
            self.end()
            self._forget()
            return
        is_watched = self._watched(self._topic) or self._watched(TOPIC)
        now = time.monotonic()
        # Half a look early: looks are not punctual to the millisecond.
        pause = (WATCHED_SECONDS if is_watched else SECONDS) - LOOK_SECONDS / 2
        if now - self._asked_at < pause or self._question is not None:
            return
        self._asked_at = now
        self._question = asyncio.create_task(self._ask(is_watched), name=f"{self._topic} figures")
        self._question.add_done_callback(self._answered)

    def end(self) -> None:
        if self._question is not None:
            self._question.cancel()

    def _answered(self, question: asyncio.Task[None]) -> None:
        self._question = None
        if not question.cancelled() and (error := question.exception()) is not None:
            logger.error("%s: figures could not be taken", self._topic, exc_info=error)

    async def _ask(self, is_watched: bool) -> None:
        if await self._has_fallen_asleep():
            self._forget()
            return
        await self._ask_metrics()
        if is_watched:
            await self._ask_slots()

    @property
    def _is_awake(self) -> bool:
        running = self._running
        is_over = running.child.ended.is_set()
        return running.ready_at is not None and not running.is_asleep and not is_over

    async def _has_fallen_asleep(self) -> bool:
        """Since its supervisor has looked. Some builds are woken by a question for metrics."""
        running = self._running
        return running.sleeps_by_itself and bool(
            await is_sleeping(running.port, running.key, seconds=ANSWER_SECONDS)
        )

    def _forget(self) -> None:
        self._answers.forget()
        self._shown = None

    async def _ask_metrics(self) -> None:
        reply = await self._get("/metrics")
        if reply is not None:
            self._answers.take_metrics(parse(reply.body.decode("utf-8", "replace")))

    async def _ask_slots(self) -> None:
        """This question wakes a sleeper and keeps it from sleeping: one that sleeps by itself is
        asked only while it works."""
        if self._running.sleeps_by_itself and not self._works():
            return
        reply = await self._get("/slots")
        if reply is not None:
            self._answers.take_slots(reply.body)
            self._show()

    def _works(self) -> bool:
        told = self._answers.fresh(time.monotonic(), WATCHED_SECONDS)
        return told is not None and bool(told.figures["requests_processing"])

    async def _get(self, path: str) -> Reply | None:
        running = self._running
        try:
            reply = await get(running.port, path, key=running.key, seconds=ANSWER_SECONDS)
        except (NotListening, NoAnswer) as error:
            self._note(f"{path}: {error or 'nobody listens'}")
            return None
        if not reply.is_ok:
            self._note(f"{path} is answered with {reply.status}")
            return None
        self._problem = ""
        return reply

    def _note(self, problem: str) -> None:
        """Once, not every few seconds."""
        if problem != self._problem:
            self._problem = problem
            logger.info("%s: figures are missing: %s", self._topic, problem)

    def _show(self) -> None:
        if (slots := self._answers.slots) is None:
            return
        at, listed = slots
        shown = [slot.as_json() for slot in listed]
        if shown == self._shown and at - self._shown_at < AGAIN_SECONDS:
            return
        self._shown, self._shown_at = shown, at
        self._tell(self._topic, SLOTS_EVENT, {"slots": shown})
