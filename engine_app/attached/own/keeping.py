"""Makes what runs what is wanted: one process for the router of this node, or none."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.db import DatabaseError
from django.utils import timezone

from engine_app.attached.following import TOPIC
from engine_app.attached.own import launching, records
from engine_app.attached.own.draining import drain
from engine_app.attached.own.leftovers import Stranger, adopt, reap
from engine_app.core import reasons, states
from engine_app.core.backoff import CrashLoop
from engine_app.core.verdict import Verdict
from engine_app.core.verdict import verdict as verdict_of
from engine_app.health import NoAnswer, NotListening, get
from engine_app.models import OwnRouter
from engine_app.process import end_marked
from engine_app.running import ending, identity
from engine_app.running.around import Tell, note
from engine_app.running.launching import Running
from engine_app.running.orders import Refusal
from engine_app.running.patience import Patience, patience
from engine_app.running.programs import Programs
from engine_app.running.rows import rows
from engine_app.running.waiting import first_of

logger = logging.getLogger(__name__)
EVENT: Final = "attached.state"  # pages that show the router listen to its servers' news
POLL_SECONDS: Final = 1.0
PORT_TRIES: Final = 3
REST_SECONDS: Final = 5.0  # whoever cannot write cannot start it either, yet
LOOK_SECONDS: Final = 2.0
END_SECONDS: Final = 20.0  # at our own end, beyond the time that requests get
STOPPED: Final = Verdict("stopped", "was stopped as asked")
RESTARTS: Final = Verdict("restarting", "was stopped to start anew")
EXIT: Final = Verdict("exit", "was stopped together with llamadash")
HUNG: Final = Verdict("hung", "did not answer any more and was ended")
UNWATCHED: Final = Verdict(
    "internal", "was ended because its supervision failed", "See the log of this program."
)
TOO_SLOW: Final = Verdict("start_timeout", "was not ready in time and was ended")


@dataclass(slots=True)
class Life:
    """One process, from its launch or adoption to its end."""

    router_id: int
    source: str
    generation: int
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    why: Verdict = STOPPED
    running: Running | None = None
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self, why: Verdict) -> None:
        if not self.stop.is_set():
            self.why = why
            self.stop.set()


def _cause(source: str, running: Running) -> Verdict:
    exit = running.child.exit
    return verdict_of(exit.code, exit.signal, ending.last_words(source, running))


class Keeper:
    """Guarantees: never two routers of ours on a node; a router that ends by itself is started
    again, later and later, and given up when that is hopeless."""

    def __init__(
        self,
        node: str,
        port_range: range,
        tell: Tell,
        programs: Programs,
        read_patience: Callable[[], Patience] = patience,
    ) -> None:
        self._node = node
        self._port_range = port_range
        self._tell = tell
        self._programs = programs
        self._read_patience = read_patience
        self._patience = Patience()
        self._life: Life | None = None
        self._task: asyncio.Task[None] | None = None
        self._loop = CrashLoop()
        self._due_at = 0.0  # monotonic: when a failed one is tried again
        self._rests_until = 0.0  # monotonic: when its end could not be written
        self.changed = asyncio.Event()

    # ------------------------------------------------------------ the beginning
    async def begin(self) -> None:
        """Takes over what an earlier process has left, or ends it."""
        kept: set[int] = set()
        row = await rows(self._look)
        if row is not None and row.is_alive:
            try:
                running = await adopt(row, await rows(records.key_of, row))
            except Stranger as why:
                note(row.source, "warning", f"ended while llamadash was not running: {why}")
                sentence = f"ended while llamadash was not running: {why}"
                await rows(records.stopped, row.pk, Verdict("ended_unseen", sentence))
            else:
                kept.add(running.child.pid)
                note(row.source, "info", f"process {running.child.pid} was taken over")
                self._begin_life(row, running)
        await reap(kept)

    def _begin_life(self, row: OwnRouter, running: Running | None = None) -> None:
        generation = row.generation if running is None else row.observed_generation
        self._life = Life(row.pk, row.source, generation, running=running)
        self._task = asyncio.create_task(self._live(self._life), name=row.source)

    # ------------------------------------------------------------ one look
    async def step(self) -> None:
        row = await rows(self._look)
        if self._task is not None and self._task.done():
            if (error := self._task.exception()) is not None:
                logger.error("how our router ended is not written", exc_info=error)
                self._rests_until = time.monotonic() + REST_SECONDS
            self._task = self._life = None
        if row is None:
            return
        if self._life is not None:
            if not row.is_wanted:
                self._life.end(STOPPED)
            elif row.generation != self._life.generation:
                self._life.end(RESTARTS)
        elif row.is_wanted:
            if self._rests_until <= time.monotonic() and self._is_due(row):
                self._begin_life(row)
        elif row.state != states.STOPPED:
            self._loop.forget()
            await rows(records.stopped, row.pk, STOPPED)
            await self._told(row.pk)

    def _look(self) -> OwnRouter | None:
        self._patience = self._read_patience()
        return records.of_node(self._node)

    def _is_due(self, row: OwnRouter) -> bool:
        if row.generation != row.observed_generation:  # somebody has asked since it failed
            self._loop.forget()
            return True
        if row.state != states.FAILED:
            return True
        return row.retry_at is not None and self._due_at <= time.monotonic()

    # ------------------------------------------------------------ a life
    async def _live(self, life: Life) -> None:
        try:
            verdict, ready_seconds = await self._outcome(life)
            await self._write_end(life, verdict, ready_seconds)
            await self._told(life.router_id)
        finally:
            life.is_over.set()
            self.changed.set()

    async def _outcome(self, life: Life) -> tuple[Verdict, float]:
        """Whatever fails is the router's end alone: engines and all else go on."""
        try:
            return await self._course(life)
        except Exception as error:
            logger.exception("%s: it could not be started or watched", life.source)
            words = f"could not be looked after: {type(error).__name__}"
            return Verdict("internal", words, "See the log of this program."), 0.0

    async def _course(self, life: Life) -> tuple[Verdict, float]:
        if life.running is not None:
            return await self._accompany(life, life.running)
        await rows(records.starting, life.router_id, life.generation)
        await self._told(life.router_id)
        tried: set[int] = set()
        try:
            order = await launching.read_order(life.router_id, self._programs)
            if life.stop.is_set():
                return life.why, 0.0
            for left in reversed(range(PORT_TRIES)):
                life.running = await launching.launch(order, self._port_range, tried)
                child, port = life.running.child, life.running.port
                note(life.source, "info", f"started as process {child.pid} on port {port}")
                ended = await self._accompany(life, life.running)
                if ended[0].code != reasons.PORT_TAKEN or not left or life.stop.is_set():
                    break
                tried.add(port)
        except Refusal as refusal:
            return refusal.verdict, 0.0
        return ended

    async def _accompany(self, life: Life, running: Running) -> tuple[Verdict, float]:
        try:
            verdict = await self._watch(life, running)
            return await self._end(life, running, verdict)
        except asyncio.CancelledError:
            running.child.let_go()
            raise

    async def _watch(self, life: Life, running: Running) -> Verdict | None:
        """Why it is to end, where neither it nor somebody has said so."""
        try:
            if await self._until_ready(life, running):
                return await self._while_ready(life, running)
        except Exception:
            logger.exception("%s: its supervision failed, it is ended", life.source)
            return UNWATCHED
        return None if self._is_ending(life, running) else TOO_SLOW

    async def _until_ready(self, life: Life, running: Running) -> bool:
        deadline = time.monotonic() + self._patience.start
        pause = self._patience.first_look
        while not self._is_ending(life, running):
            if await self._answers(running):
                running.ready_at = time.monotonic()
                program = await asyncio.to_thread(identity.executable, running.child.pid)
                await rows(records.ready, life.router_id, program)
                note(life.source, "info", f"ready on port {running.port}")
                await self._told(life.router_id)
                return True
            if time.monotonic() > deadline:
                break
            await first_of(pause, running.child.ended.wait, life.stop.wait)
            pause = min(pause * 1.25, self._patience.slowest_look)
        return False

    async def _answers(self, running: Running) -> bool:
        try:
            reply = await get(running.port, "/health", seconds=LOOK_SECONDS)
        except (NotListening, NoAnswer):
            return False
        if not running.owns_port:  # anybody can answer there
            running.owns_port = await asyncio.to_thread(
                identity.owns_port, running.child.pid, running.port
            )
        return reply.is_ok and running.owns_port

    async def _while_ready(self, life: Life, running: Running) -> Verdict | None:
        misses = 0
        while not self._is_ending(life, running):
            asked_at = time.monotonic()
            try:
                await get(running.port, "/health", seconds=self._patience.live_answer)
                misses = 0
            except (NotListening, NoAnswer):
                misses += 1
            if misses >= self._patience.live_misses:
                return HUNG
            left = asked_at + self._patience.live_every - time.monotonic()
            await first_of(max(0.0, left), running.child.ended.wait, life.stop.wait)
        return None

    def _is_ending(self, life: Life, running: Running) -> bool:
        return running.child.ended.is_set() or life.stop.is_set()

    async def _end(
        self, life: Life, running: Running, verdict: Verdict | None
    ) -> tuple[Verdict, float]:
        if not running.child.ended.is_set():
            await self._end_process(life, running, drains=verdict is None)
            verdict = verdict or life.why
        # Not all that it has started stays in its process group.
        await asyncio.to_thread(end_marked, launching.mark())
        if verdict is None:
            verdict = await asyncio.to_thread(_cause, life.source, running)
        level = "info" if life.stop.is_set() else "error"
        note(life.source, level, f"{verdict.sentence}. {verdict.advice}".strip())
        ready = 0.0 if running.ready_at is None else time.monotonic() - running.ready_at
        return verdict, ready

    async def _end_process(self, life: Life, running: Running, *, drains: bool) -> None:
        try:
            await rows(records.stopping, life.router_id)
            await self._told(life.router_id)
        except DatabaseError as error:  # what is to end ends, written down or not
            logger.warning("%s: its stop is not written: %s", life.source, error)
        if drains and running.ready_at is not None:
            try:
                await drain(running, self._patience.drain)
            except Exception:
                logger.exception("%s: its requests are not waited for", life.source)
        await ending.end(running, self._patience)

    async def _write_end(self, life: Life, verdict: Verdict, ready_seconds: float) -> None:
        if life.stop.is_set():
            self._loop.forget()
            await rows(records.stopped, life.router_id, life.why)
            return
        self._loop.failed(time.monotonic(), ready_seconds)
        retry_at = None
        if not verdict.is_permanent and not self._loop.is_hopeless:
            delay = self._loop.delay_seconds(random.random)
            self._due_at = time.monotonic() + delay
            retry_at = timezone.now() + timedelta(seconds=delay)
        await rows(records.failed, life.router_id, verdict, retry_at, self._loop.failures)

    async def _told(self, router_id: int) -> None:
        if (data := await rows(records.described, router_id)) is not None:
            for topic in (TOPIC, "attached.router"):
                self._tell(topic, EVENT, data)

    # ------------------------------------------------------------ the end
    async def end(self, *, keep: bool) -> None:
        """`keep` leaves the process to whoever comes next."""
        if not keep and self._life is not None:
            self._life.end(EXIT)
            try:
                await first_of(self._patience.drain + END_SECONDS, self._life.is_over.wait)
            except asyncio.CancelledError:  # a second Ctrl-C: whoever is in a hurry wants none left
                if self._life.running is not None:
                    self._life.running.child.kill_group()
                    end_marked(launching.mark())
                raise
        await self.let_go()

    async def let_go(self) -> None:
        """Watches nothing any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
