"""Makes what runs what is wanted: one process for each engine, whatever happens to it."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Collection, Coroutine
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from engine_app import leavings
from engine_app.core import states
from engine_app.core.backoff import CrashLoop
from engine_app.core.verdict import Verdict
from engine_app.models import Engine
from engine_app.running import records, survivors
from engine_app.running.adopting import Stranger, adopt, reap
from engine_app.running.around import Around, note
from engine_app.running.life import Ended, Life
from engine_app.running.patience import Patience, patience
from engine_app.running.rows import rows

logger = logging.getLogger(__name__)
POLL_SECONDS: Final = 1.0  # rows are changed by other processes too
# At our own end, beyond the time that requests get: signals, and the last rows.
END_SECONDS: Final = 20.0
GIVEN_UP: Final = "It failed {n} times in a row and is not tried again: start it by hand."


class Supervisor:
    """Guarantees: an engine never has two processes; a process never has no engine; what is wanted
    and fails is tried again, later and later, and given up when that is hopeless.

    All of it runs in one event loop, and each process is started by that loop's thread.
    """

    def __init__(self, around: Around, read_patience: Callable[[], Patience] = patience) -> None:
        self._around = around
        around.neighbours = self
        self._read_patience = read_patience
        self._lives: dict[int, Life] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._loops: dict[int, CrashLoop] = {}
        self._due_at: dict[int, float] = {}  # monotonic: when a failed one is tried again
        self._background: list[asyncio.Task[None]] = []
        # What this program starts by itself, because it ran before or is to run from the start:
        # engine and generation.
        self._by_itself: dict[int, int] = {}
        self.changed = asyncio.Event()  # there may be something to do

    # ------------------------------------------------------------ the beginning
    async def begin(self) -> None:
        """Takes over what an earlier process has left, and ends what is nobody's any more."""
        self._around.patience = await rows(self._read_patience)
        kept: set[int] = set()
        for survivor in await rows(survivors.survivors, self._around.node):
            try:
                adopted = await adopt(survivor)
            except Stranger as why:
                note(survivor.source, "warning", f"ended while llamadash was not running: {why}")
                await rows(survivors.lost, survivor, str(why))
                continue
            kept.add(adopted.child.pid)
            await rows(survivors.adopted, adopted.run_id)
            note(survivor.source, "info", f"process {adopted.child.pid} was taken over")
            life = Life(survivor.engine_id, survivor.source, survivor.generation, self._around)
            course = life.resume(survivor, adopted.child, adopted.run_id, adopted.port)
            self._live(life, course)
        await reap(kept)
        await rows(leavings.sweep)
        await rows(records.preload, self._around.node)
        self._by_itself = await rows(records.wanted_at_rest, self._around.node)
        # Forms want to know the options of the engine before the first one is started.
        finding = asyncio.create_task(self._around.programs.find(), name="find programs")
        self._background.append(finding)

    # ------------------------------------------------------------ one look
    async def step(self) -> float:
        """Acts on all rows that differ from what is. In how many seconds the next look is due."""
        known = set(self._lives)
        for row in await rows(self._look, frozenset(known)):
            known.discard(row.pk)
            await self._look_after(row)
        for engine_id in known:  # their rows are gone
            if (life := self._lives.get(engine_id)) is not None:
                life.stop("gone", hurry=True)
        # What was due has been looked at; if it waits still, then for something else.
        waits = [at - time.monotonic() for at in self._due_at.values()]
        return min([POLL_SECONDS, *(wait for wait in waits if wait > 0)])

    def _look(self, known: frozenset[int]) -> list[Engine]:
        """One way to the thread of the database, once a second for ever."""
        self._around.patience = self._read_patience()
        return records.to_look_after(self._around.node, known)

    async def _look_after(self, row: Engine) -> None:
        life = self._lives.get(row.pk)
        if life is not None:
            await self._guide(life, row)
        elif row.is_alive:
            await self._has_no_process(row)
        elif row.is_wanted:
            if self._is_due(row) and self._has_its_turn(row):
                self._start(row)
        elif row.state == states.FAILED and row.generation != row.observed_generation:
            await rows(records.stopped, row.pk, row.generation, Verdict("stopped", ""))
            self._forget(row.pk)
            await self._around.told(row.pk)

    async def _guide(self, life: Life, row: Engine) -> None:
        if life.is_ending:
            return
        if not row.is_wanted:
            life.stop("stop")
        elif row.generation != life.generation:
            life.stop("restart")
        elif row.idle_is_over(self._around.patience.idle_ttl, timezone.now()):
            await self._let_idle_go(life, row)

    async def _let_idle_go(self, life: Life, row: Engine) -> None:
        if await life.may_be_busy():  # with a request that began before that long ago
            await rows(records.used, row.pk)
        elif await rows(records.let_go, row.pk, row.generation):
            life.stop("idle")

    # ------------------------------------------------------------ room for others
    async def busy(self, engines: Collection[int]) -> set[int]:
        """Those of them that answer requests, or may: they are asked all at once."""
        lives = [(each, self._lives.get(each)) for each in engines]
        asked = [(each, life) for each, life in lives if life is not None]
        answers = await asyncio.gather(*(life.may_be_busy() for _, life in asked))
        idle = {each for (each, _), is_busy in zip(asked, answers, strict=True) if not is_busy}
        return set(engines) - idle

    async def evict(self, engine_id: int, verdict: Verdict) -> bool:
        """Nobody wants it any more, unless somebody has asked for it meanwhile."""
        life = self._lives.get(engine_id)
        if life is None or life.is_ending:
            return False
        if not await rows(records.let_go, engine_id, life.generation):
            return False
        life.stop("evicted", verdict=verdict)
        return True

    async def _has_no_process(self, row: Engine) -> None:
        """Read before its life ended, a moment ago; or changed by hand."""
        again = await rows(survivors.survivor_of, row.pk)
        if again is not None and row.pk not in self._lives:
            await rows(survivors.lost, again, "its row says it runs")

    def _is_due(self, row: Engine) -> bool:
        if row.state == states.STOPPED:
            return True
        if row.generation != row.observed_generation:  # somebody has asked since it failed
            self._forget(row.pk)
            return True
        return row.retry_at is not None and self._due_at.get(row.pk, 0.0) <= time.monotonic()

    def _has_its_turn(self, row: Engine) -> bool:
        """What nobody has asked for now comes one after the other: each sees what the one before
        has left."""
        if not self._starts_by_itself(row):
            return True
        others = (self._lives.get(each) for each in self._by_itself)
        return not any(life is not None and life.is_on_its_way for life in others)

    def _starts_by_itself(self, row: Engine) -> bool:
        return self._by_itself.get(row.pk) == row.generation

    def _start(self, row: Engine) -> None:
        self._due_at.pop(row.pk, None)
        asked_anew = row.generation != row.observed_generation
        self._loops.setdefault(row.pk, CrashLoop(0 if asked_anew else row.n_failures))
        # Only what somebody asks for may cost others their place: not what comes back by itself,
        # at our start or after it has failed.
        may_evict = asked_anew and not self._starts_by_itself(row)
        life = Life(row.pk, row.source, row.generation, self._around, may_evict)
        self._live(life, life.run())

    # ------------------------------------------------------------ lives
    def _live(self, life: Life, course: Coroutine[Any, Any, Ended | None]) -> None:
        self._lives[life.engine_id] = life
        task = asyncio.create_task(self._follow(life, course), name=life.source)
        self._tasks[life.engine_id] = task

    async def _follow(self, life: Life, course: Coroutine[Any, Any, Ended | None]) -> None:
        try:
            ended = await self._outcome(life, course)
            if ended is not None:
                await self._write_end(life, ended)
                await self._around.told(life.engine_id)
        finally:
            # Only now: a look meanwhile must not take the engine for one without a process.
            del self._lives[life.engine_id], self._tasks[life.engine_id]
            self.changed.set()

    async def _outcome(self, life: Life, course: Coroutine[Any, Any, Ended | None]) -> Ended | None:
        try:
            return await course
        except Exception as error:
            logger.exception("%s: it could not be started or watched", life.source)
            words = f"could not be looked after: {type(error).__name__}"
            return Ended(Verdict("internal", words, "See the log of this program."))

    async def _write_end(self, life: Life, ended: Ended) -> None:
        if ended.was_asked or life.is_ending:
            self._forget(life.engine_id)
            await rows(records.stopped, life.engine_id, life.generation, ended.verdict)
            return
        loop = self._loops.setdefault(life.engine_id, CrashLoop())
        loop.failed(time.monotonic(), ended.ready_seconds)
        verdict, retry_at = ended.verdict, None
        if loop.is_hopeless:
            advice = f"{verdict.advice} {GIVEN_UP.format(n=loop.failures)}".strip()
            verdict = Verdict(verdict.code, verdict.sentence, advice)
        elif not verdict.is_permanent and not ended.for_good:
            delay = loop.delay_seconds(random.random)
            self._due_at[life.engine_id] = time.monotonic() + delay
            retry_at = timezone.now() + timedelta(seconds=delay)
            await rows(records.count_restart, life.engine_id)
        await rows(records.failed, life.engine_id, verdict, retry_at, loop.failures)

    def _forget(self, engine_id: int) -> None:
        self._loops.pop(engine_id, None)
        self._due_at.pop(engine_id, None)

    # ------------------------------------------------------------ the end
    async def end(self, *, keep: bool) -> None:
        """`keep` leaves all processes to whoever comes next; else all are stopped."""
        if not keep:
            for life in self._lives.values():
                life.stop("exit")
            if tasks := list(self._tasks.values()):
                await self._wait_for_end(tasks)
        await self.let_go()

    async def _wait_for_end(self, tasks: list[asyncio.Task[None]]) -> None:
        try:
            await asyncio.wait(tasks, timeout=self._around.patience.drain + END_SECONDS)
        except asyncio.CancelledError:  # a second Ctrl-C: whoever is in a hurry wants none left
            for life in self._lives.values():
                life.kill()
            raise

    async def let_go(self) -> None:
        """Watches nothing any more."""
        tasks = [*self._tasks.values(), *self._background]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
