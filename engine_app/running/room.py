"""Memory for a start: looked for before it, measured after it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from django.utils import timezone

from engine_app import options
from engine_app.core import ledger, reasons
from engine_app.core.allocation import tried_bytes
from engine_app.core.ledger import Need, Plan
from engine_app.core.verdict import Verdict
from engine_app.memory import measured, planning
from engine_app.memory.advice import advice, smaller_advice
from engine_app.memory.occupants import Scene, measured_claim, scene
from engine_app.memory.places import Places, places
from engine_app.memory.plan_words import as_json, with_measured, with_record
from engine_app.memory.taken import taken
from engine_app.models import MemorySource
from engine_app.running import records
from engine_app.running.around import GPU_SECONDS, RAM_SECONDS, Around, Left, note
from engine_app.running.orders import Order, Refusal
from engine_app.running.rows import rows
from models_app.memory.spots import RAM

logger = logging.getLogger(__name__)
LOOK_SECONDS: Final = 0.2
FORCED: Final = "It was started without looking for room, as asked."
WARNED: Final = "It was started all the same: the settings say to warn only."
# What is waited for ends by deadlines of its own; this is for what has none.
NEVER_CAME: Final = "Memory was waited for in vain."

Pause = Callable[[float], Awaitable[None]]  # raises when somebody wants the start to end


class Room:
    """Of one start, and of its second try. Guarantees: what `make` has granted is in the engine's
    row before anybody else decides, and stays there until its process has ended."""

    def __init__(self, order: Order, around: Around, pause: Pause, *, may_evict: bool) -> None:
        self._order = order
        self._around = around
        self._pause = pause
        self._may_evict = may_evict
        self._need: Need | None = None
        self._was_asked = False  # what it needs
        self._first_need: Need | None = None  # before it ran out of memory
        self._plan = Plan(ledger.UNKNOWN, None)
        self._evicted: list[dict[str, Any]] = []
        self._phase = ""
        self.record: dict[str, Any] = {}

    # ------------------------------------------------------------ before
    async def make(self) -> None:
        """Returns when it may start. Raises Refusal, or what `pause` raises."""
        check = await rows(options.MEMORY_CHECK.get)
        if check == options.OFF:
            return
        await self._says("room")
        if not self._was_asked:
            self._need = await asyncio.to_thread(self._order.memory.answer, exact=True)
            self._first_need, self._was_asked = self._need, True
        began, self._evicted = time.monotonic(), []
        patience = self._around.patience.start_of(self._order.size_bytes)
        while not await self._is_granted(check, began):
            if time.monotonic() - began > patience:
                raise await self._refusal(NEVER_CAME)
            await self._pause(LOOK_SECONDS)

    async def _is_granted(self, check: str, began: float) -> bool:
        async with self._around.deciding:
            forced = await rows(records.is_forced, self._order.engine_id)
            self._plan = plan = await self._look()
            remark = ""
            if forced and plan.outcome != ledger.FITS:
                remark = FORCED
            elif plan.is_refused:
                if check != options.WARN:
                    raise await self._refusal()
                remark = WARNED
            elif plan.outcome == ledger.EVICT:
                await self._evict(plan)
                return False
            elif plan.outcome == ledger.WAIT:
                await self._says("memory")
                return False
            await self._grant(plan, time.monotonic() - began, remark)
            return True

    async def _look(self) -> Plan:
        """Whether others are busy is asked only when it matters."""
        now = await rows(scene, self._around.node, self._order.engine_id)
        if not self._may_evict:
            return await self._planned(now, set())
        plan = await self._planned(now, set(now.serving))
        if plan.outcome not in (ledger.NO_ROOM, ledger.WAIT):
            return plan
        return await self._planned(now, await self._around.neighbours.busy(now.serving))

    async def _planned(self, now: Scene, busy: set[int]) -> Plan:
        alive = {each.engine for each in now.there}
        return await asyncio.to_thread(
            planning.look,
            self._order.memory,
            self._need,
            now,
            busy,
            left=[each for each in self._left() if each[0] not in alive],
            may_evict=self._may_evict,
        )

    def _left(self) -> list[tuple[int, str, dict[str, int]]]:
        """Engines that have ended and whose memory may still be on its way back."""
        found = []
        for engine_id, left in list(self._around.left.items()):
            if held := _not_back_yet(left):
                found.append((engine_id, left.name, held))
            else:
                del self._around.left[engine_id]
        return found

    async def _evict(self, plan: Plan) -> None:
        await self._says("evicting")
        name, _ = await rows(records.name_and_claim, self._order.engine_id)
        verdict = Verdict(reasons.EVICTED, f"was stopped to make room for {name}")
        for each in plan.evict:
            if await self._around.neighbours.evict(each.engine, verdict):
                note(self._order.source, "info", f"{each.name} is stopped to make room")
                shown = self._as_json(plan)["evict"]
                self._evicted += [entry for entry in shown if entry["engine"] == each.engine]

    async def _grant(self, plan: Plan, waited_seconds: float, remark: str) -> None:
        claim = dict(plan.need.devices) if plan.need is not None else {}
        await rows(records.claim, self._order.engine_id, claim)
        self.record = with_record(
            self._as_json(plan),
            waited_seconds=waited_seconds,
            evicted=self._evicted,
            remarks=[remark] if remark else [],
        )
        level = "info" if plan.outcome == ledger.FITS else "warning"
        note(self._order.source, level, " ".join([*self.record["sentences"], remark]).strip())

    async def _refusal(self, why: str = "") -> Refusal:
        found = await asyncio.to_thread(advice, self._order.memory, self._plan)
        shown = self._as_json(self._plan, found)
        code = reasons.TOO_BIG if self._plan.outcome == ledger.TOO_BIG else reasons.NO_ROOM
        words = " ".join([why, *shown["sentences"]]).strip().rstrip(".")
        return Refusal(Verdict(code, f"was not started: {words}", " ".join(found)), shown)

    def _as_json(self, plan: Plan, found: Sequence[str] = ()) -> dict[str, Any]:
        return as_json(plan, found, timezone.now())

    async def _says(self, phase: str) -> None:
        if phase != self._phase:
            self._phase = phase
            await rows(records.phase, self._order.engine_id, phase)
            if phase != "room":  # which is over in a moment, as a rule
                await self._around.told(self._order.engine_id)

    # ------------------------------------------------------------ after
    @property
    def knows_need(self) -> bool:
        return self._need is not None

    async def remember(self, run_id: int, pid: int) -> None:
        """What the loaded engine takes; what the next start of the same will ask for."""
        asked = self._order.memory
        where = await asyncio.to_thread(places, asked.gpu, 0)
        found = await asyncio.to_thread(self._measure, pid, where)
        if found is None:
            return
        planned = where.fold(self._need.devices) if self._need is not None else {}
        claim = {**planned, **found}
        if self._need is not None and self._need.source == measured.RAISED and claim != found:
            # A device that does not tell: what it took to get there is all that is known.
            await rows(measured.keep, asked.start, claim, MemorySource.OUT_OF_MEMORY)
        else:
            await rows(measured.keep, asked.start, found, MemorySource.LOAD)
        if self.record:
            self.record = with_measured(self.record, found)
        await rows(records.measured, self._order.engine_id, run_id, claim, self.record)

    def _measure(self, pid: int, where: Places) -> dict[str, int] | None:
        found = taken([pid]).get(pid)
        if found is None or not found.ram_bytes:
            return None
        return measured_claim(found, where, self._order.memory.host_weights_bytes())

    async def ask_for_more(self, lines: Sequence[str]) -> bool:
        """After it ran out of memory: the next try needs more. False where it is not known what
        this one needed, or when it has asked for the most already."""
        if self._need is None:
            return False
        before = self._need.devices
        raised = await asyncio.to_thread(self._raised, before, lines)
        await rows(measured.keep, self._order.memory.start, raised, MemorySource.OUT_OF_MEMORY)
        self._need = Need(measured.RAISED, raised, adapts=self._need.adapts)
        return raised != dict(before)

    def _raised(self, before: Mapping[str, int], lines: Sequence[str]) -> dict[str, int]:
        asked = self._order.memory
        estimated = asked.estimated(exact=False)
        base = estimated.devices if estimated is not None else before
        return measured.larger(before, base, asked.gpu, tried_bytes(lines))

    async def last_advice(self) -> str:
        """For what has run out of memory although it was given more."""
        if self._first_need is None:
            return ""
        plan = Plan(self._plan.outcome, self._need, self._plan.lines)
        short = self._order.memory.gpu or RAM
        failed_with = {short: self._first_need.devices.get(short, 0)}
        found = await asyncio.to_thread(smaller_advice, self._order.memory, plan, failed_with)
        return " ".join(found)


def _not_back_yet(left: Left) -> dict[str, int]:
    age = time.monotonic() - left.at
    return {
        key: size
        for key, size in left.claim.items()
        if age < (RAM_SECONDS if key == RAM else GPU_SECONDS)
    }
