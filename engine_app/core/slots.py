"""What llama.cpp tells at `/slots`: which answer each of its slots works on, and how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

import orjson

MOST_SLOTS: Final = 256
_LARGEST: Final = 1 << 40

State = Literal["idle", "prompt", "generating"]


@dataclass(frozen=True, slots=True)
class Slot:
    """Numbers are tokens; None is what is not told, as of a slot that was never used."""

    id: int
    state: State
    n_ctx: int | None  # as many it has room for
    n_used: int | None  # as many are in it, those kept from an answer before included
    n_prompt: int | None = None  # of the question
    n_cached: int | None = None  # of these, taken from what was kept
    n_decoded: int | None = None  # of the answer
    task: int | None = None
    tokens_per_second: float | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def parse(body: bytes) -> list[Slot] | None:
    """None when it is no list of slots. Never raises; of more than `MOST_SLOTS` the first."""
    try:
        listed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(listed, list):
        return None
    found: dict[int, Slot] = {}
    for each in listed[:MOST_SLOTS]:
        slot = _slot(each) if isinstance(each, dict) else None
        if slot is None:
            return None
        found.setdefault(slot.id, slot)
    return list(found.values())


def n_busy(slots: Iterable[Slot]) -> int:
    return sum(slot.state != "idle" for slot in slots)


def _slot(told: Mapping[str, Any]) -> Slot | None:
    number, is_processing = _count(told, "id"), told.get("is_processing")
    if number is None or not isinstance(is_processing, bool):
        return None
    slot = Slot(
        id=number,
        state="idle",
        n_ctx=_count(told, "n_ctx"),
        n_used=_count(told, "n_prompt_tokens"),  # the answer counts, too
        task=_count(told, "id_task"),
    )
    return _at_work(slot, told) if is_processing else slot


def _at_work(slot: Slot, told: Mapping[str, Any]) -> Slot:
    read, cached = _count(told, "n_prompt_tokens_processed"), _count(told, "n_prompt_tokens_cache")
    decoded = _decoded(told.get("next_token"))
    known = None if read is None else read + (cached or 0)
    return replace(
        slot,
        state="generating" if decoded else "prompt",
        n_used=slot.n_used if known is None else known + (decoded or 0),
        n_prompt=known if decoded else slot.n_used,
        n_cached=cached,
        n_decoded=decoded,
    )


def _decoded(next_token: Any) -> int | None:
    """A list of one in new builds."""
    if isinstance(next_token, list) and next_token:
        next_token = next_token[0]
    return _count(next_token, "n_decoded") if isinstance(next_token, dict) else None


def _count(told: Mapping[str, Any], name: str) -> int | None:
    value = told.get(name)
    return value if type(value) is int and 0 <= value <= _LARGEST else None


class Speeds:
    """How fast each slot generates, between two readings."""

    def __init__(self) -> None:
        self._before: dict[int, Slot] = {}
        self._at = 0.0

    def of(self, slots: Iterable[Slot], monotonic: float) -> list[Slot]:
        seconds, self._at = monotonic - self._at, monotonic
        before, self._before = self._before, {slot.id: slot for slot in slots}
        return [_with_speed(slot, before.get(slot.id), seconds) for slot in self._before.values()]


def _with_speed(slot: Slot, before: Slot | None, seconds: float) -> Slot:
    if before is None or slot.task != before.task or seconds <= 0 or slot.state != "generating":
        return slot
    new = (slot.n_decoded or 0) - (before.n_decoded or 0)
    return slot if new < 0 else replace(slot, tokens_per_second=round(new / seconds, 1))
