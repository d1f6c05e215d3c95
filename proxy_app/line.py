"""The line of those who wait for an engine: asks the scheduler what to do, and does it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.utils import timezone

from engine_app.control import EngineRefused
from engine_app.core import reasons
from engine_app.models import Engine
from proxy_app import steering
from proxy_app.catalogue import Entry
from proxy_app.core import scheduler
from proxy_app.core.errors import GatewayError
from proxy_app.core.scheduler import Admit, Dispatch, Key, Policy, Reject, Start, State, Target
from proxy_app.engines import FRESH_SECONDS, WATCHED_SECONDS, Address, Engines, Seen
from proxy_app.fresh import Fresh
from proxy_app.holders import Holder
from proxy_app.options import Values
from proxy_app.rows import rows, written

logger = logging.getLogger(__name__)
USED_SECONDS: Final = 5.0  # how often it is written that engines are in use
# One that has given up is not started for each request: so long its reason is the answer.
FAILED_SECONDS: Final = 15.0
ASKED_SECONDS: Final = 900.0  # so long a start that was asked for is waited for
LOOK_SECONDS: Final = 0.5  # how often the memory is looked at for who waits for it
AGAIN_SECONDS: Final = 2.0  # before a start that found no room is tried again
# What an engine does when it has been given its memory.
_HAS_MEMORY: Final = ("spawn", "load", "warm-up")
USUAL_SERVICE_SECONDS: Final = 5.0
USUAL_LOAD_SECONDS: Final = 10.0
MEMORY: Final = 0.2  # of a new measurement in a moving average


@dataclass(eq=False, slots=True)
class Ticket:
    """One request's place in the line, and then its slot."""

    id: int
    holder: Holder
    entry: Entry
    arrived_at: float  # monotonic
    given: asyncio.Future[Address]
    admitted: bool = False
    expected_seconds: float = 0.0
    served_at: float | None = None

    @property
    def target(self) -> str:
        return self.entry.target


@dataclass(slots=True)
class _Use:
    """What the line knows of a target from its own doings."""

    busy: int = 0
    mean_service_seconds: float = USUAL_SERVICE_SECONDS
    load_seconds: float = USUAL_LOAD_SECONDS
    asked_at: float | None = None  # a start that the rows do not show yet
    asked_generation: int | None = 0  # None: its row is not written yet
    failure: GatewayError | None = None  # of the last start, while it counts
    failed_at: float = -float("inf")
    refused_at: datetime | None = None  # a start that found no room
    not_before: float = -float("inf")
    victims: tuple[str, ...] = ()  # who must go before it can start
    looked_at: float = -float("inf")  # for them
    idle_since: float = -float("inf")
    usual_gap_seconds: float | None = None
    last_dispatch_at: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _KeyUse:
    running: int = 0
    usage_seconds: float = 0.0
    usage_at: float = 0.0


class Line:
    """Belongs to one event loop."""

    def __init__(self, engines: Engines, values: Fresh[Values]) -> None:
        self._engines = engines
        self._values = values
        self._waiting: dict[int, Ticket] = {}
        self._uses: dict[str, _Use] = {}
        self._keys: dict[str, _KeyUse] = {}
        self._holders: dict[str, Holder] = {}
        self._entries: dict[str, Entry] = {}
        self._next_id = 0
        self._changed = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._starts: set[asyncio.Task[None]] = set()
        self._used: set[int] = set()

    # ------------------------------------------------------------ for requests
    async def place(self, holder: Holder, entry: Entry) -> tuple[Ticket, Address]:
        """Waits for a slot of an engine; raises GatewayError. Whoever is cancelled leaves."""
        self._next_id += 1
        given: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
        ticket = Ticket(self._next_id, holder, entry, time.monotonic(), given)
        self._holders[holder.line_key] = holder
        self._entries[entry.target] = entry
        self._keep()
        address = self._at_once(ticket)
        if address is None:
            self._waiting[ticket.id] = ticket
            self._changed.set()
            try:
                address = await given
            except asyncio.CancelledError:
                if given.done() and not given.cancelled() and given.exception() is None:
                    self.leave(ticket)
                raise
            finally:
                self._waiting.pop(ticket.id, None)
        return ticket, address

    def leave(self, ticket: Ticket) -> None:
        """Its request has ended, however."""
        if ticket.served_at is None:
            return
        seconds = time.monotonic() - ticket.served_at
        ticket.served_at = None
        use, key = self._use(ticket.target), self._key(ticket.holder.line_key)
        use.busy -= 1
        if not use.busy:
            use.idle_since = time.monotonic()
        use.mean_service_seconds += MEMORY * (seconds - use.mean_service_seconds)
        key.running -= 1
        self._spend(key, seconds)
        self._note_used(ticket.target)
        if self._waiting:
            self._changed.set()

    def load(self, target: str) -> float:
        """How many requests run and wait there for each of its slots."""
        address = self._engines.address(target)
        waiting = sum(each.target == target for each in self._waiting.values())
        return (self._use(target).busy + waiting) / (1 if address is None else address.slots)

    def lost(self, target: str) -> None:
        """An engine was not where it should be."""
        self._engines.lost(target)
        self._changed.set()

    def engines_changed(self) -> None:
        """Somebody in this process has seen an engine change; on the loop's thread."""
        self._engines.forget()
        if self._waiting:
            self._changed.set()

    # ------------------------------------------------------------ serving
    def _at_once(self, ticket: Ticket) -> Address | None:
        """A slot that is free and that nobody waits for."""
        if any(self._concerns(each, ticket.target) for each in self._waiting.values()):
            return None
        if self._engines.is_stale(5 * FRESH_SECONDS):
            return None
        address = self._engines.address(ticket.target)
        limit = ticket.holder.max_running
        if address is None or self._use(ticket.target).busy >= address.slots:
            return None
        if limit is not None and self._key(ticket.holder.line_key).running >= limit:
            return None
        self._serve(ticket)
        return address

    def _concerns(self, waiting: Ticket, target: str) -> bool:
        """It waits for this target, or for its memory."""
        return waiting.target == target or target in self._use(waiting.target).victims

    def _serve(self, ticket: Ticket) -> None:
        now = time.monotonic()
        ticket.served_at = now
        use = self._use(ticket.target)
        if not use.busy and use.idle_since > 0:
            gap, usual = now - use.idle_since, use.usual_gap_seconds
            use.usual_gap_seconds = gap if usual is None else usual + MEMORY * (gap - usual)
        use.busy += 1
        use.last_dispatch_at[ticket.holder.line_key] = now
        self._key(ticket.holder.line_key).running += 1
        self._note_used(ticket.target)

    def _note_used(self, target: str) -> None:
        seen = self._engines.seen.get(target)
        if seen is not None:
            self._used.add(seen.engine_id)

    def _use(self, target: str) -> _Use:
        return self._uses.setdefault(target, _Use())

    def _key(self, name: str) -> _KeyUse:
        return self._keys.setdefault(name, _KeyUse())

    def _spend(self, key: _KeyUse, seconds: float) -> None:
        now = time.monotonic()
        half_life = Policy().usage_half_life_seconds
        decay = 0.5 ** (max(0.0, now - key.usage_at) / half_life)
        key.usage_seconds, key.usage_at = key.usage_seconds * decay + seconds, now

    # ------------------------------------------------------------ the keeper
    def _keep(self) -> None:
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._run(), name="gateway line")

    async def close(self) -> None:
        for task in (self._keeper, *self._starts):
            if task is not None:
                task.cancel()
        await self._write_used()

    async def _run(self) -> None:
        """Looks at the engines while somebody uses or awaits them; ends when nobody does."""
        used_at = time.monotonic()
        while True:
            self._changed.clear()
            try:
                wake_at = await self._turn()
                if time.monotonic() - used_at >= USED_SECONDS:
                    used_at = time.monotonic()
                    await self._write_used()
            except Exception as error:  # the database is busy or away: those who wait go on waiting
                logger.warning("the gateway's line could not be looked after: %s", error)
                wake_at = time.monotonic() + FRESH_SECONDS
            uses = self._uses.values()
            is_idle = not self._waiting and not any(u.busy or u.asked_at is not None for u in uses)
            if is_idle and not self._used and not self._starts:
                return
            seconds = WATCHED_SECONDS if self._waiting else FRESH_SECONDS
            pause = max(0.0, min(seconds, wake_at - time.monotonic()))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), pause)

    async def _write_used(self) -> None:
        used, self._used = self._used, set()
        for target, use in self._uses.items():
            if use.busy:
                self._note_used(target)
        used |= self._used
        self._used = set()
        if used:
            await written(lambda: Engine.objects.filter(pk__in=used).used())

    async def _turn(self) -> float:
        age = WATCHED_SECONDS / 2 if self._waiting else FRESH_SECONDS / 2
        await self._engines.be_fresh(age)
        values = await self._values.within(FRESH_SECONDS)
        self._note_failures()
        if not self._waiting:
            return float("inf")
        await self._look_for_victims(values)
        decision = scheduler.decide(self._state(), time.monotonic(), _policy(values))
        for action in decision.actions:
            self._act(action)
        return decision.wake_at

    def _state(self) -> State:
        tickets = [each for each in self._waiting.values() if not each.given.done()]
        targets = {each.target for each in tickets}
        targets.update(*(self._use(target).victims for target in targets))
        return State(
            requests=[
                scheduler.Request(
                    each.id,
                    each.holder.line_key,
                    each.target,
                    each.arrived_at,
                    each.admitted,
                    each.holder.priority,
                )
                for each in tickets
            ],
            targets={target: self._target(target) for target in targets},
            keys={each.holder.line_key: self._scheduled_key(each.holder) for each in tickets},
        )

    def _scheduled_key(self, holder: Holder) -> Key:
        use = self._key(holder.line_key)
        return Key(holder.weight, holder.max_running, use.running, use.usage_seconds, use.usage_at)

    def _target(self, target: str) -> Target:
        use, seen = self._use(target), self._engines.seen.get(target)
        address = self._engines.address(target)
        state = "stopped" if seen is None else seen.state
        if state == "ready" and address is None:
            state = "starting"
        if self._is_on_its_way(use, seen):
            state = "starting" if state in ("stopped", "failed") else state
        return Target(
            state=state,
            slots=1 if address is None else address.slots,
            busy=use.busy,
            load_seconds=use.load_seconds,
            started_at=use.asked_at or 0.0,
            mean_service_seconds=use.mean_service_seconds,
            failure="" if use.failure is None else use.failure.code,
            last_dispatch_at=use.last_dispatch_at,
            not_before=use.not_before,
            victims=use.victims,
            ready_at=-float("inf") if seen is None else self._monotonic(seen.ready_at),
            idle_since=use.idle_since,
            usual_gap_seconds=use.usual_gap_seconds,
        )

    def _monotonic(self, moment: datetime | None) -> float:
        if moment is None:
            return -float("inf")
        return time.monotonic() - (timezone.now() - moment).total_seconds()

    async def _look_for_victims(self, values: Values) -> None:
        """Of each target that is waited for and is not there: a model that does not fit beside the
        others is not asked for before their turn is over."""
        now = time.monotonic()
        for target in {each.target for each in self._waiting.values()}:
            use, seen = self._use(target), self._engines.seen.get(target)
            if seen is not None and (seen.state == "ready" or seen.phase in _HAS_MEMORY):
                use.victims = ()
            elif self._is_on_its_way(use, seen):
                continue  # those it was started with
            elif now - use.looked_at >= LOOK_SECONDS:
                use.looked_at = now
                use.victims = await self._victims(self._entries[target])

    async def _victims(self, entry: Entry) -> tuple[str, ...]:
        by_engine = {seen.engine_id: target for target, seen in self._engines.seen.items()}
        others = [each for each in self._engines.seen.values() if each.target != entry.target]
        if not any(each.state == "ready" for each in others):
            return ()
        busy = {number for number, target in by_engine.items() if self._use(target).busy}
        found = await rows(steering.victims, entry.model_id, entry.preset_id, busy)
        return tuple(sorted(by_engine[each] for each in found if each in by_engine))

    def _is_on_its_way(self, use: _Use, seen: Seen | None) -> bool:
        """It is wanted, and neither runs nor has been given up."""
        if use.asked_at is not None:
            return True
        return seen is not None and seen.is_wanted and not seen.has_given_up

    def _note_failures(self) -> None:
        now = time.monotonic()
        for target, use in self._uses.items():
            if use.failure is not None and now - use.failed_at > FAILED_SECONDS:
                use.failure = None
            if use.asked_at is not None and now - use.asked_at > ASKED_SECONDS:
                use.asked_at = None  # nobody has acted upon it
            seen = self._engines.seen.get(target)
            if seen is None or use.asked_generation is None:
                continue
            has_acted = seen.observed_generation >= use.asked_generation
            if use.asked_at is not None and has_acted and seen.state != "starting":
                self._note_load(use, seen)
                use.asked_at = None
            if seen.has_given_up and has_acted and not use.failure and self._is_recent(seen):
                self._note_failure(use, seen, now)

    def _note_load(self, use: _Use, seen: Seen) -> None:
        """How long the start has taken, until it was ready: that may be noticed much later."""
        if seen.state == "ready" and use.asked_at is not None:
            seconds = self._monotonic(seen.ready_at) - use.asked_at
            if 0 <= seconds < ASKED_SECONDS:
                use.load_seconds += MEMORY * (seconds - use.load_seconds)

    def _note_failure(self, use: _Use, seen: Seen, now: float) -> None:
        """Somebody who took the memory meanwhile may give it back: that is waited for."""
        if seen.reason_code == reasons.NO_ROOM and use.victims:
            if use.refused_at != seen.changed_at:
                use.refused_at, use.not_before = seen.changed_at, now + AGAIN_SECONDS
            return
        use.failure, use.failed_at = _failure(seen), now

    def _is_recent(self, seen: Seen) -> bool:
        return (timezone.now() - seen.changed_at).total_seconds() < FAILED_SECONDS

    # ------------------------------------------------------------ doing
    def _act(self, action: scheduler.Act) -> None:
        match action:
            case Start(target):
                self._begin_start(target)
            case Admit(request, expected):
                ticket = self._waiting[request]
                ticket.admitted, ticket.expected_seconds = True, expected
            case Dispatch(request, target):
                self._dispatch(self._waiting[request], target)
            case Reject():
                self._reject(self._waiting[action.request], action)

    def _dispatch(self, ticket: Ticket, target: str) -> None:
        address = self._engines.address(target)
        if address is not None and not ticket.given.done():
            self._serve(ticket)
            ticket.given.set_result(address)

    def _reject(self, ticket: Ticket, answer: Reject) -> None:
        if ticket.given.done():
            return
        failure = self._use(ticket.target).failure
        if answer.code == "model_failed" and failure is not None:
            ticket.given.set_exception(failure)
            return
        message = _WORDS[answer.code]
        error = GatewayError(answer.status, answer.code, message, answer.retry_after)
        ticket.given.set_exception(error)

    def _begin_start(self, target: str) -> None:
        use = self._use(target)
        if use.asked_at is not None:
            return
        use.asked_at, use.asked_generation = time.monotonic(), None
        task = asyncio.create_task(self._start(target, use), name=f"start {target}")
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)

    async def _start(self, target: str, use: _Use) -> None:
        entry = self._entries[target]
        try:
            use.asked_generation = await written(
                steering.start_rows, entry.model_id, entry.preset_id
            )
        except EngineRefused as error:
            use.failure = GatewayError(503, "model_unavailable", str(error))
            use.failed_at, use.asked_at = time.monotonic(), None
            use.asked_generation = 0
        except Exception as error:
            logger.warning("%s could not be started: %s", entry.id, error)
            use.asked_at, use.asked_generation = None, 0
        self._engines.forget()
        self._changed.set()


_WORDS: Final = {
    "key_queue_full": "This key has as many requests waiting as it may have.",
    "queue_full": "Too many requests wait already.",
    "wait_too_long": "The model is busy: this request would wait longer than is allowed.",
    "waited_too_long": "The request has waited too long for its model and was given up.",
    "model_failed": "The model could not be started.",
}


def _policy(values: Values) -> Policy:
    queue, longest = values.queue, values.longest_wait_seconds
    return Policy(
        give_up_seconds=2 * longest,
        max_wait_seconds=longest,
        key_queue_limit=max(1, queue // 8),
        queue_limit=queue,
    )


def _failure(seen: Seen) -> GatewayError:
    why = f"The model could not be started: it {seen.reason}." if seen.reason else ""
    message = f"{why or _WORDS['model_failed']} {seen.advice}".strip()
    return GatewayError(503, "model_failed", message)
