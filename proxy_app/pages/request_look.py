"""How a request reads: a glyph and a word for what became of it, and its times drawn to scale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from llamadash import formats
from llamadash.rulers import percent
from proxy_app.in_flight import Phase

QUARTERS: Final = ("25%", "50%", "75%")
LEAST_END: Final = 0.001  # seconds


@dataclass(frozen=True, slots=True)
class Look:
    css: str  # the class of `.st`
    glyph: str  # in the sprite
    word: str


DONE: Final = Look("ok", "ok", "done")
FAILED: Final = Look("fail", "fail", "failed")
EARLY: Final = {
    "client_gone": Look("", "stop", "client gone"),
    "cancelled": Look("", "stop", "cancelled"),
}
RUNNING: Final[dict[Phase, Look]] = {
    "arriving": Look("load", "load", "arriving"),
    "queued": Look("wait", "wait", "queued"),
    "working": Look("run", "run", "working"),
    "answering": Look("run", "run", "answering"),
}


def look(error_code: str) -> Look:
    """Of one that has ended."""
    return EARLY.get(error_code, FAILED) if error_code else DONE


@lru_cache
def chip(seen: Look) -> SafeString:
    return format_html(
        '<span class="st {}"><svg aria-hidden="true"><use href="#{}"/></svg>{}</span>',
        seen.css,
        seen.glyph,
        seen.word,
    )


@lru_cache
def dash(why: str) -> SafeString:
    return format_html('<span title="{}">-</span>', why)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a request's time, in seconds from its arrival."""

    words: str
    texture: str
    begin: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.begin


def spans(
    queue: float | None, first_byte: float | None, total: float | None, *, is_stream: bool
) -> list[Span]:
    """What is known of where the time went, in its order. What was not measured is left out."""
    if total is None:
        return []
    served = None if queue is None else min(queue, total)
    found = [Span("queue", "plan", 0.0, total if served is None else served)]
    if served is None:
        return found
    # An answer that does not stream is computed before its first byte is sent.
    words = "to first byte" if is_stream else "computing"
    byte = total if first_byte is None else min(max(first_byte, served), total)
    found.append(Span(words, "tint" if is_stream else "solid", served, byte))
    if first_byte is not None:
        found.append(Span("answer", "solid", byte, total))
    return found


def end_of_scale(seconds: Iterable[float]) -> float:
    """The 1, 2 or 5 times a power of ten that is not below the longest."""
    longest = max((LEAST_END, *seconds))
    step = LEAST_END
    while True:
        for times in (1, 2, 5):
            if step * times >= longest * 0.999:
                return step * times
        step *= 10


_GRID: Final = format_html_join(
    "",
    '<line class="grid-l" x1="{}" x2="{}" y1="0" y2="12"/>',
    ((x, x) for x in QUARTERS),
)


def bar(found: list[Span], end: float, hue: str) -> SafeString:
    """The phases of a row, on the scale that all rows of its table share."""
    parts = format_html_join(
        "",
        '<rect class="{}" x="{}%" width="{}%" y="{}" height="{}"/>',
        (
            (each.texture, percent(each.begin, end), percent(each.seconds, end), *_height(each))
            for each in found
        ),
    )
    return format_html(
        '<svg class="ph {}" role="img" aria-label="{}">'
        '<line class="grid-l" x1="0" x2="100%" y1="11.5" y2="11.5"/>{}{}</svg>',
        hue,
        sentence(found),
        _GRID,
        parts,
    )


def _height(span: Span) -> tuple[int, int]:
    return (2, 8) if span.texture == "plan" else (1, 10)


def sentence(found: list[Span]) -> str:
    told = ", ".join(f"{each.words} {formats.seconds(each.seconds)}" for each in found)
    return told or "not measured"


def axis(end: float) -> SafeString:
    """The scale above a column of bars."""
    # Short, because columns are narrow: the unit at the end alone.
    whole, unit = (end, "s") if end >= 1 else (end * 1000, "ms")
    return format_html(
        '<svg class="ph" aria-hidden="true" height="12"><text x="0" y="10">0</text>'
        '<text class="mid" x="50%" y="10">{}</text>'
        '<text class="end" x="100%" y="10">{}</text></svg>'
        '<span class="vh">Phases, 0 to {}</span>',
        f"{whole / 2:g}",
        f"{whole:g} {unit}",
        f"{whole:g} {unit}",
    )
