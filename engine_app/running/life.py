"""One engine from launch, or adoption, to the end of its process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Final

from django.db import DatabaseError

from engine_app.child_environment import mark_of
from engine_app.core import reasons
from engine_app.core.verdict import Verdict
from engine_app.health import NoAnswer, NotListening, get, is_sleeping
from engine_app.memory import kernel
from engine_app.process import Child, end_marked
from engine_app.running import ending, file_check, identity, key_files, launching, orders, records
from engine_app.running.around import Around, Left, note
from engine_app.running.launching import Running
from engine_app.running.loading import Loading
from engine_app.running.occupied import may_be_busy
from engine_app.running.orders import Order, Refusal
from engine_app.running.room import Room
from engine_app.running.rows import rows
from engine_app.running.survivors import Survivor
from engine_app.running.waiting import first_of
from engine_app.wake import wake

logger = logging.getLogger(__name__)
PORT_TRIES: Final = 3
LOOK_ANSWER_SECONDS: Final = 2.0
WRITE_SECONDS: Final = 2.0  # what an end waits for a row at most

ASKED: Final = {
    "stop": Verdict("stopped", "was stopped as asked"),
    "restart": Verdict("restarting", "was stopped to start anew"),
    "idle": Verdict("idle", "was stopped because nobody used it"),
    "exit": Verdict("exit", "was stopped together with llamadash"),
    "gone": Verdict("gone", "was stopped because it was deleted"),
    "evicted": Verdict(reasons.EVICTED, "was stopped to make room"),
}


@dataclass(frozen=True, slots=True)
class Ended:
    verdict: Verdict
    was_asked: bool = False  # somebody wanted it to end
    ready_seconds: float = 0.0
    lines: tuple[str, ...] = ()  # what it has printed last
    for_good: bool = False  # nothing but a human can change it

    @property
    def lacked_memory(self) -> bool:
        """Before it was ready."""
        never_ready = not self.was_asked and not self.ready_seconds
        return never_ready and self.verdict.code in reasons.MEMORY


class _Asked(Exception):
    """Somebody wants it to end."""


class _Died(Exception):
    """Its process has ended."""


class _GivenUp(Exception):
    """It runs, and is of no use."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.sentence)
        self.verdict = verdict


@dataclass(slots=True)
class Life:
    """Guarantees: when `run` or `resume` returns, there is no process. When it is cancelled, the
    process runs on, unwatched, for whoever adopts it."""

    engine_id: int
    source: str
    generation: int
    around: Around
    may_evict: bool = True  # others may be stopped to make room for it
    why: str = ""  # it is to end, if it is
    is_on_its_way: bool = True  # neither ready nor ended
    _verdict: Verdict | None = None  # of being stopped, where `why` alone does not say it
    _room: Room | None = None
    _running: Running | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _hurries: bool = False

    def stop(self, why: str, *, hurry: bool = False, verdict: Verdict | None = None) -> None:
        """`hurry` waits for no request that is being answered."""
        if not self._stop.is_set():
            self.why, self._verdict = why, verdict
        self._hurries |= hurry
        self._stop.set()

    async def may_be_busy(self) -> bool:
        """Whether it answers a request at this moment; also when it does not say."""
        running = self._running
        return running is None or running.ready_at is None or await may_be_busy(running)

    def kill(self) -> None:
        if self._running is not None:
            self._running.child.kill_group()
            end_marked(mark_of(self.engine_id))

    @property
    def is_ending(self) -> bool:
        return self._stop.is_set()

    async def run(self) -> Ended | None:
        """None when it was not ours to start."""
        if not await rows(records.take, self.engine_id, self.generation):
            return None
        await self.around.told(self.engine_id)
        try:
            order = await self._order()
            return await self._with_room(order)
        except Refusal as refusal:
            verdict, plan = refusal.verdict, refusal.plan
            note(self.source, "error", f"{verdict.sentence}. {verdict.advice}".strip())
            if not refusal.is_written:
                await rows(records.refused_run, self.engine_id, self.generation, verdict, plan)
            return Ended(verdict)
        except _Asked:  # before there was a process
            return Ended(self._asked(), was_asked=True)

    async def resume(self, survivor: Survivor, child: Child, run_id: int, port: int) -> Ended:
        """Goes on with the process that an earlier one of ours has started."""
        running = Running(
            child=child,
            run_id=run_id,
            port=port,
            key=key_files.key_of(self.engine_id),
            since=survivor.started_at.timestamp(),
            size_bytes=survivor.size_bytes,
            sleeps_by_itself=survivor.sleeps_by_itself,
        )
        if survivor.ready_at is not None:
            running.ready_at = time.monotonic() - (time.time() - survivor.ready_at.timestamp())
        if survivor.is_told_to_end:
            self.stop("restart" if survivor.is_wanted else "stop", hurry=True)
        elif await rows(records.serves_on, self.engine_id, self.generation):
            await self.around.told(self.engine_id)
        return await self._accompany(running)

    # ------------------------------------------------------------ to its start
    async def _order(self) -> Order:
        await self.around.programs.find()
        order = await rows(orders.order, self.engine_id, self.generation)
        if (complaint := await asyncio.to_thread(file_check.complaint, order.files)) is not None:
            raise Refusal(complaint)
        return order

    async def _with_room(self, order: Order) -> Ended | None:
        self._room = room = Room(order, self.around, self._unless_asked, may_evict=self.may_evict)
        await room.make()
        ended = await self._on_some_port(order, room)
        if not ended.lacked_memory or not room.knows_need:
            return ended
        if not await room.ask_for_more(ended.lines):
            return await self._without_memory(ended, room)
        note(self.source, "warning", "it ran out of memory; it is tried once more with more")
        await rows(records.failed, self.engine_id, ended.verdict, None, 0)
        if self.is_ending or not await rows(records.take, self.engine_id, self.generation):
            return ended
        await rows(records.count_restart, self.engine_id)
        await room.make()
        ended = await self._on_some_port(order, room)
        return await self._without_memory(ended, room) if ended.lacked_memory else ended

    async def _without_memory(self, ended: Ended, room: Room) -> Ended:
        """No further try can help; what would fit can."""
        found = await room.last_advice() or ended.verdict.advice
        verdict = Verdict(ended.verdict.code, ended.verdict.sentence, found)
        await rows(records.advise, self.engine_id, found)
        return Ended(verdict, for_good=True)

    async def _unless_asked(self, seconds: float) -> None:
        """A pause. Raises _Asked as soon as somebody wants it to end."""
        await first_of(seconds, self._stop.wait)
        if self._stop.is_set():
            raise _Asked

    def _asked(self) -> Verdict:
        return self._verdict or ASKED.get(self.why, ASKED["stop"])

    async def _on_some_port(self, order: Order, room: Room) -> Ended:
        tried: set[int] = set()
        for left in reversed(range(PORT_TRIES)):
            running = await launching.launch(order, self.around, tried, room.record)
            ended = await self._accompany(running)
            lost_race = ended.verdict.code == reasons.PORT_TAKEN and not ended.was_asked
            if not (lost_race and left):
                break
            tried.add(running.port)
            note(self.source, "warning", f"port {running.port} is taken; another one is tried")
        return ended

    async def _accompany(self, running: Running) -> Ended:
        with self.around.follow(self.engine_id, running):
            try:
                return await self._to_its_end(running)
            except asyncio.CancelledError:
                running.child.let_go()
                raise

    async def _to_its_end(self, running: Running) -> Ended:
        verdict: Verdict | None = None
        self._running = running
        try:
            await self._until_ready(running)
            await self._while_ready(running)
        except _Died:
            pass
        except _Asked:
            verdict = self._asked()
        except _GivenUp as given_up:
            verdict = given_up.verdict
        except Exception:
            logger.exception("%s: its supervision failed, it is ended", self.source)
            words = "was ended because its supervision failed"
            verdict = Verdict("internal", words, "See the log of this program.")
        return await self._end(running, verdict)

    async def _until_ready(self, running: Running) -> None:
        if running.ready_at is not None:
            return
        patience = self.around.patience
        deadline = time.monotonic() + patience.start_of(running.size_bytes)
        loading = Loading(self.engine_id, self.source, self.around)
        pause = patience.first_look
        while not await self._answers_ready(running, loading):
            if time.monotonic() > deadline:
                raise _GivenUp(
                    Verdict(
                        "start_timeout",
                        f"was not ready after {patience.start_of(running.size_bytes):.0f} seconds",
                        "Settings, Engines, Longest start gives it more time.",
                    )
                )
            await self._pause(running, pause)
            pause = min(pause * 1.25, patience.slowest_look)
        running.ready_at = time.monotonic()
        await self._is_ready(running)

    async def _answers_ready(self, running: Running, loading: Loading) -> bool:
        try:
            reply = await get(running.port, "/health", seconds=LOOK_ANSWER_SECONDS)
        except (NotListening, NoAnswer):
            await loading.goes_on(running)
            return False
        if not running.owns_port:
            # Anybody can answer there; ours ends soon when it could not have the port.
            running.owns_port = await asyncio.to_thread(
                identity.owns_port, running.child.pid, running.port
            )
            if not running.owns_port:
                return False
        if reply.is_ok:
            return True
        await loading.answers(running)
        return False

    async def _is_ready(self, running: Running) -> None:
        seen = await asyncio.to_thread(launching.measured, running.child.pid)
        executable = await asyncio.to_thread(identity.executable, running.child.pid)
        await rows(records.ready, self.engine_id, running.run_id, seen, executable)
        note(self.source, "info", f"ready on port {running.port}")
        await self.around.told(self.engine_id)
        await self._remember(running)
        self.is_on_its_way = False
        await rows(wake)  # whoever waits for its turn has it now

    async def _remember(self, running: Running) -> None:
        """An engine that serves does not end because nobody could write down what it takes."""
        try:
            if self._room is not None:
                await self._room.remember(running.run_id, running.child.pid)
        except Exception:
            logger.exception("%s: what it takes of memory is not written down", self.source)

    # ------------------------------------------------------------ while it serves
    async def _while_ready(self, running: Running) -> None:
        patience = self.around.patience
        misses = 0
        while True:
            asked_at = time.monotonic()
            misses = 0 if await self._is_alive(running) else misses + 1
            if misses >= patience.live_misses:
                silent = patience.live_misses * patience.live_answer
                raise _GivenUp(
                    Verdict("hung", f"did not answer for {silent:.0f} seconds and was ended")
                )
            # A question that was not answered has taken its time already.
            await self._pause(running, max(0.0, asked_at + patience.live_every - time.monotonic()))

    async def _is_alive(self, running: Running) -> bool:
        """Whatever it answers: it does."""
        question = get(running.port, "/health", seconds=self.around.patience.live_answer)
        try:
            await self._unless_it_ends(running, question)
        except (NotListening, NoAnswer):
            return False
        if running.sleeps_by_itself:
            await self._look_whether_it_sleeps(running)
        return True

    async def _look_whether_it_sleeps(self, running: Running) -> None:
        asleep = await is_sleeping(running.port, running.key)
        if asleep is not None and asleep != running.is_asleep:
            running.is_asleep = asleep
            await rows(records.sleeps, self.engine_id, asleep)
            await self.around.told(self.engine_id)

    # ------------------------------------------------------------ waiting
    async def _pause(self, running: Running, seconds: float) -> None:
        """Raises _Died or _Asked as soon as that happens."""
        await first_of(seconds, running.child.ended.wait, self._stop.wait)
        self._check(running)

    async def _unless_it_ends(self, running: Running, question: Awaitable[object]) -> None:
        """A hung engine must not delay its own stop until the answer that never comes."""
        asked = asyncio.ensure_future(question)
        try:
            await first_of(None, asked, running.child.ended.wait, self._stop.wait)
            if not asked.done():
                self._check(running)
            await asked
        finally:
            asked.cancel()
            with contextlib.suppress(asyncio.CancelledError, NotListening, NoAnswer):
                await asked

    def _check(self, running: Running) -> None:
        if running.child.ended.is_set():
            raise _Died
        if self._stop.is_set():
            raise _Asked

    # ------------------------------------------------------------ to its end
    async def _end(self, running: Running, verdict: Verdict | None) -> Ended:
        child = running.child
        if not child.ended.is_set():
            await self._end_process(running)
        self.around.promised.discard(running.port)
        n_left = await asyncio.to_thread(end_marked, mark_of(self.engine_id))
        lines = await asyncio.to_thread(ending.last_words, self.source, running)
        if verdict is None:
            verdict = await asyncio.to_thread(self._cause, running, lines, n_left)
        await self._leaves_memory()
        kept = lines[-ending.KEPT_LINES :]
        await rows(records.end_run, running.run_id, child.exit, verdict, kept)
        level = "info" if self.is_ending else "error"
        note(self.source, level, f"{verdict.sentence}. {verdict.advice}".strip())
        ready = 0.0 if running.ready_at is None else time.monotonic() - running.ready_at
        return Ended(verdict, self.is_ending, ready, tuple(lines))

    def _cause(self, running: Running, lines: list[str], n_left: int) -> Verdict:
        was_ready = running.ready_at is not None
        found = ending.cause(running.child.exit, lines, was_ready=was_ready, n_left_behind=n_left)
        before, after = running.kernel_kills, kernel.kills()
        starved = before is not None and after is not None and after > before
        if found.code == reasons.KILLED_HARD and running.ready_at is None and starved:
            words = "was killed by the kernel while it was loading: memory ran out"
            return Verdict(reasons.OUT_OF_MEMORY, words, found.advice)
        return found

    async def _leaves_memory(self) -> None:
        """What it had is free soon, not at once."""
        name, claim = await rows(records.name_and_claim, self.engine_id)
        if claim:
            left = Left(self.engine_id, name, claim, time.monotonic())
            self.around.left[self.engine_id] = left

    async def _end_process(self, running: Running) -> None:
        drains = running.ready_at is not None and self.is_ending and not self._hurries
        try:
            phase = records.DRAIN if drains else records.TOLD
            await rows(records.stopping, self.engine_id, phase)
            await self.around.told(self.engine_id)
        except DatabaseError as error:  # what is to end ends, written down or not
            logger.warning("%s: its stop is not written: %s", self.source, error)
        patience = self.around.patience
        if drains:
            await ending.drain(running, patience.drain, lambda: self._hurries)
            # Whoever finds it must know whether it has had its signal.
            with contextlib.suppress(DatabaseError, TimeoutError):
                write = rows(records.phase, self.engine_id, records.TOLD)
                await asyncio.wait_for(write, WRITE_SECONDS)
        await ending.end(running, patience)
