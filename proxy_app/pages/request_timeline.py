"""One request drawn to scale: where its time went, and where its tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from llamadash import formats
from llamadash.rulers import Tick, percent
from proxy_app.models import RequestRecord
from proxy_app.pages.request_look import Span, end_of_scale, sentence, spans

LABELS: Final = 4  # steps between the ends of a ruler
LATE: Final = 70.0  # percent


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar with its name above it."""

    words: str
    figure: str
    texture: str
    x: str  # percent
    width: str
    is_high: bool = False  # its name stands in the upper line: the one before it is too near

    @property
    def is_late(self) -> bool:
        """Its name has no room to its right."""
        return float(self.x) > LATE


@dataclass(frozen=True, slots=True)
class Drawing:
    parts: list[Part]
    ticks: list[Tick]
    sentence: str


def spans_of(record: RequestRecord) -> list[Span]:
    return spans(
        record.queue_seconds,
        record.first_byte_seconds,
        record.total_seconds,
        is_stream=record.is_stream,
    )


def of_time(record: RequestRecord) -> Drawing | None:
    """None: nothing of it was measured."""
    found = spans_of(record)
    if not found:
        return None
    end = end_of_scale([found[-1].end])
    parts = [_part(each, end, number) for number, each in enumerate(found)]
    return Drawing(parts, _ticks(end), sentence(found))


def _part(span: Span, end: float, number: int) -> Part:
    return Part(
        span.words,
        formats.seconds(span.seconds),
        span.texture,
        percent(span.begin, end),
        percent(span.seconds, end),
        is_high=number % 2 == 0,
    )


def _ticks(end: float) -> list[Tick]:
    whole, unit = (end, "s") if end >= 1 else (end * 1000, "ms")
    between = [
        Tick(percent(step, LABELS), f"{whole * step / LABELS:g}") for step in range(1, LABELS)
    ]
    return [Tick("0", "0", ""), *between, Tick("100", f"{whole:g} {unit}", "end")]


def of_tokens(record: RequestRecord) -> Drawing | None:
    """None: not all of what it takes is known, or there is nothing."""
    prompt, generated = record.prompt_tokens, record.generated_tokens
    if prompt is None or not prompt + (generated or 0):
        return None
    cached = min(record.cached_tokens or 0, prompt)
    pieces = [
        ("from cache", "faint", cached),
        ("computed" if record.cached_tokens is not None else "prompt", "tint", prompt - cached),
        ("generated", "solid", generated or 0),
    ]
    whole = prompt + (generated or 0)
    parts, before = [], 0
    for number, (words, texture, n) in enumerate(pieces):
        if n:
            figure = formats.grouped(n)
            x, width = percent(before, whole), percent(n, whole)
            parts.append(Part(words, figure, texture, x, width, is_high=number % 2 == 0))
            before += n
    told = ", ".join(f"{part.figure} {part.words}" for part in parts)
    ticks = [Tick("0", "0", ""), Tick("100", formats.grouped(whole), "end")]
    return Drawing(parts, ticks, f"{formats.grouped(whole)} tokens: {told}")
