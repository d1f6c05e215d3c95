"""An engine's slots as they were told last; static/js/live/slots.js goes on from there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from engine_app.core.slots import Slot
from engine_app.figures.answers import FRESH_SLOTS_SECONDS, answers
from llamadash import formats
from llamadash.rulers import percent

LOOKS: Final = {
    "generating": ("run", "run", "generating"),
    "prompt": ("load", "load", "reads its prompt"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    id: int
    css: str
    glyph: str
    word: str
    used: str
    room: str
    note: str
    cached: str  # widths and places in percent of the slot's context
    prompt_x: str
    prompt: str
    decoded_x: str
    decoded: str
    sentence: str


def cells(engine_id: int) -> list[Cell]:
    """Empty when nothing was told a moment ago."""
    kept = answers.get(engine_id)
    told = kept.slots if kept is not None else None
    if told is None or time.monotonic() - told[0] > FRESH_SLOTS_SECONDS:
        return []
    return [cell(slot) for slot in told[1]]


def cell(slot: Slot) -> Cell:
    used, room = slot.n_used or 0, slot.n_ctx or 0
    kept = used if slot.state == "idle" else min(slot.n_cached or 0, used)
    decoded = min(slot.n_decoded or 0, used - kept)
    css, glyph, word = LOOKS.get(
        slot.state, ("stop", "stop", "idle, context kept" if used else "empty")
    )
    return Cell(
        id=slot.id,
        css=css,
        glyph=glyph,
        word=word,
        used=formats.grouped(slot.n_used),
        room=formats.grouped(slot.n_ctx),
        note=_note(slot),
        cached=percent(kept, room) if room else "0",
        prompt_x=percent(kept, room) if room else "0",
        prompt=percent(used - kept - decoded, room) if room else "0",
        decoded_x=percent(used - decoded, room) if room else "0",
        decoded=percent(decoded, room) if room else "0",
        sentence=f"{formats.grouped(slot.n_used)} of {formats.grouped(slot.n_ctx)} tokens of "
        f"context used, {formats.grouped(kept)} kept from before, {decoded:,} generated",
    )


def _note(slot: Slot) -> str:
    if slot.state == "generating" and slot.tokens_per_second is not None:
        return f"{slot.tokens_per_second:.1f} tok/s"
    if slot.state == "prompt" and slot.n_prompt:
        return f"of {formats.grouped(slot.n_prompt)} to read"
    return ""
