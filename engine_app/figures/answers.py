"""What engines have told of themselves, kept for whoever shows it: nobody else asks them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine_app.core.llama_figures import LlamaFigures
from engine_app.core.slots import Slot, Speeds, n_busy
from engine_app.core.slots import parse as parse_slots

# Two questions may fail before what was told is no longer now.
FRESH_SECONDS: Final = 12.0
FRESH_SLOTS_SECONDS: Final = 5.0
Figures = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Told:
    at: float  # monotonic
    metrics: Mapping[str, float]  # under llama.cpp's own names
    figures: Figures  # under ours


@dataclass(slots=True)
class Answers:
    """The latest answers of one engine. Written on the agent's loop, read from any thread."""

    told: Told | None = None
    slots: tuple[float, Sequence[Slot]] | None = None
    n_slots: int | None = None  # does not change while it lives
    _figures: LlamaFigures = field(default_factory=LlamaFigures)
    _speeds: Speeds = field(default_factory=Speeds)

    def take_metrics(self, metrics: Mapping[str, float]) -> None:
        now = time.monotonic()
        self.told = Told(now, metrics, self._figures.update(metrics, now))

    def take_slots(self, body: bytes) -> None:
        """What is no list of slots is as good as no answer."""
        now = time.monotonic()
        if (slots := parse_slots(body)) is None:
            self.slots = None
            return
        self.slots = now, self._speeds.of(slots, now)
        self.n_slots = len(slots)

    def forget(self) -> None:
        """It sleeps or ends: what it told is not so any more."""
        self.told = self.slots = None

    def fresh(self, now: float, seconds: float) -> Told | None:
        told = self.told
        return told if told is not None and now - told.at <= seconds else None

    def slots_busy(self, now: float) -> int | None:
        if (slots := self.slots) is None or now - slots[0] > FRESH_SLOTS_SECONDS:
            return None
        return n_busy(slots[1])


# By the number of the engine: those that have a process here.
answers: Final[dict[int, Answers]] = {}
