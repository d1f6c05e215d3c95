"""What the engines of this node do, as their rows say, and where they answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from engine_app.core import states
from engine_app.health import NoAnswer, NotListening, get
from engine_app.models import Engine
from engine_app.running import key_files
from proxy_app.core.scheduler import TargetState
from proxy_app.fresh import Fresh
from proxy_app.rows import rows

FRESH_SECONDS: Final = 1.0  # while nobody waits for a change
MOST_SECONDS: Final = 5.0  # while a look hangs
WATCHED_SECONDS: Final = 0.1  # while somebody does
MOST_SLOTS: Final = 256
# Its supervisor sees within this time that a process has gone, and its row says so.
LOST_SECONDS: Final = 3.0
Life = tuple[int, datetime | None]
_STATES: Final[dict[str, TargetState]] = {
    states.STOPPED: "stopped",
    states.STARTING: "starting",
    states.LOADING: "starting",
    states.READY: "ready",
    states.SLEEPING: "ready",
    states.STOPPING: "stopping",
    states.FAILED: "failed",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A row, as far as the gateway needs it."""

    engine_id: int
    model_id: int
    preset_id: int | None
    state: TargetState
    is_wanted: bool
    generation: int
    observed_generation: int
    port: int | None
    ready_at: datetime | None
    retry_at: datetime | None
    changed_at: datetime
    reason_code: str
    reason: str
    advice: str
    phase: str
    progress: float | None
    is_sleeping: bool = False

    @property
    def target(self) -> str:
        return f"{self.model_id}/{self.preset_id or 0}"

    @property
    def has_given_up(self) -> bool:
        """It failed, and the supervisor does not try it again by itself."""
        is_observed = self.generation == self.observed_generation
        return self.state == "failed" and self.retry_at is None and is_observed


@dataclass(frozen=True, slots=True)
class Address:
    """Where an engine that is ready answers."""

    engine_id: int
    port: int
    key: str
    slots: int
    life: Life  # another process has another one
    sees: bool | None = None  # takes images; None: it does not say


class Engines:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        first: dict[str, Seen] = {}
        self._seen = Fresh(self._look, first)
        self._addresses: dict[int, Address] = {}
        self._lost: dict[int, tuple[Life, float]] = {}  # lives, and when nobody listened there

    @property
    def seen(self) -> Mapping[str, Seen]:
        """By target."""
        return self._seen.value

    def is_stale(self, seconds: float) -> bool:
        return self._seen.is_older(seconds)

    async def be_fresh(self, seconds: float = FRESH_SECONDS) -> None:
        await self._seen.within(seconds, MOST_SECONDS)

    def forget(self) -> None:
        """Something has changed: the next one who asks looks."""
        self._seen.forget()

    def lost(self, target: str) -> None:
        """Nobody listens where its address says."""
        seen = self.seen.get(target)
        address = None if seen is None else self._addresses.pop(seen.engine_id, None)
        if address is not None:
            self._lost[address.engine_id] = (address.life, time.monotonic())
        self.forget()

    async def _look(self) -> dict[str, Seen]:
        found = await rows(_seen)
        for each in found.values():
            await self._note_address(each)
        return found

    async def _note_address(self, seen: Seen) -> None:
        if seen.state != "ready" or seen.port is None:
            self._addresses.pop(seen.engine_id, None)
            return
        life = (seen.port, seen.ready_at)
        if self._is_lost(seen.engine_id, life):
            return
        known = self._addresses.get(seen.engine_id)
        if known is None or known.life != life:
            key = await rows(key_files.key_of, seen.engine_id)
            slots, sees = await _properties(seen.port, key)
            address = Address(seen.engine_id, seen.port, key, slots, life, sees)
            self._addresses[seen.engine_id] = address

    def _is_lost(self, engine_id: int, life: Life) -> bool:
        """What its row says is of before its end."""
        lost_life, at = self._lost.get(engine_id, (None, 0.0))
        if lost_life == life and time.monotonic() - at < LOST_SECONDS:
            return True
        self._lost.pop(engine_id, None)
        return False

    def address(self, target: str) -> Address | None:
        seen = self.seen.get(target)
        return None if seen is None else self._addresses.get(seen.engine_id)


_COLUMNS: Final = (
    "id", "llama_model_id", "preset_id", "state", "desired", "enabled", "generation",
    "observed_generation", "port", "ready_at", "retry_at", "state_changed_at", "reason_code",
    "reason", "advice", "phase", "progress",
)  # fmt: skip


def _seen() -> dict[str, Seen]:
    found = map(_of_row, Engine.objects.here(settings.NODE).values(*_COLUMNS))
    return {each.target: each for each in found}


def _of_row(row: dict[str, Any]) -> Seen:
    return Seen(
        engine_id=row["id"],
        model_id=row["llama_model_id"],
        preset_id=row["preset_id"],
        state=_STATES[row["state"]],
        is_wanted=row["enabled"] and row["desired"] == "running",
        generation=row["generation"],
        observed_generation=row["observed_generation"],
        port=row["port"],
        ready_at=row["ready_at"],
        retry_at=row["retry_at"],
        changed_at=row["state_changed_at"],
        reason_code=row["reason_code"],
        reason=row["reason"],
        advice=row["advice"],
        phase=row["phase"],
        progress=row["progress"],
        is_sleeping=row["state"] == states.SLEEPING,
    )


async def _properties(port: int, key: str) -> tuple[int, bool | None]:
    """How many requests it answers at the same time, one where it does not say; and whether it
    takes images."""
    try:
        said = (await get(port, "/props", key=key)).json()
    except (NotListening, NoAnswer):
        return 1, None
    if not isinstance(said, dict):
        return 1, None
    slots, modalities = said.get("total_slots"), said.get("modalities")
    sees = modalities.get("vision") if isinstance(modalities, dict) else None
    n_slots = min(slots, MOST_SLOTS) if type(slots) is int and slots > 0 else 1
    return n_slots, sees if isinstance(sees, bool) else None
