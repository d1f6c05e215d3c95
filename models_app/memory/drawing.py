"""Memory drawn to scale: percentages for the SVG of lists and of the model's page.

Nothing here decides anything; it turns bytes into x and width. See templates/models_app/.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from llamadash import formats
from llamadash.rulers import GIB, Tick, byte_ticks, percent
from models_app.memory.memory_fit import Load
from models_app.memory.room import Room

TICK: Final = '<line class="tick" x1="{0}%" x2="{0}%" y1="0" y2="18"/>'


@dataclass(frozen=True, slots=True)
class Ruler:
    """The common scale of a list's memory column: ticks where devices end."""

    end_bytes: int
    ticks: tuple[Tick, ...]
    lines: SafeString  # the ticks as every row's bar has them
    words: str  # what the ticks are, for the line below the list

    @property
    def end_label(self) -> str:
        return formats.size(self.end_bytes).replace(".0 ", " ")


def ruler(room: Room) -> Ruler | None:
    """Twice what the GPUs, or else RAM, hold; None if no device is known."""
    if room.n_gpus:
        ends = [room.largest_gpu_bytes]
        if room.n_gpus > 1:
            ends.append(room.total_gpu_bytes)
        end = 2 * ends[-1]
        words = ["one GPU", room.words("gpus")] if room.n_gpus > 1 else ["the GPU"]
    elif room.ram_bytes:
        ends, end, words = [room.ram_bytes], room.ram_bytes * 2, ["RAM"]
    else:
        return None
    ticks = tuple(Tick(percent(at, end), _gib(at)) for at in ends)
    at = " and ".join(_gib(each) for each in ends)
    lines = format_html_join("", TICK, ((tick.x,) for tick in ticks))
    return Ruler(end, ticks, lines, f"Tick at {at} GiB: {', '.join(words)}.")


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / GIB:.1f}".removesuffix(".0")


BAR: Final = (
    '<svg class="fit" role="img" aria-label="{0}"><title>{0}</title>'
    '<rect class="tint" x="0" y="4" width="{1}%" height="10"/>'
    '<rect class="solid" x="0" y="4" width="{2}%" height="10"/>{3}{4}</svg>'
)
CUT: Final = mark_safe(
    '<svg x="88%" width="14" height="18"><path d="M1 17 7 1M6 17l6-16" fill="none"'
    ' stroke="var(--paper)" stroke-width="2.5"/></svg>'
)


def need_bar(ruler: Ruler, weights_bytes: int, total_bytes: int, title: str) -> SafeString:
    """A row's need: weights solid, all of it tinted behind; cut where the ruler is too short."""
    end = ruler.end_bytes
    weights, total = percent(weights_bytes, end), percent(total_bytes, end)
    # Written here and not in a template: fifty rows would take most of the page's time.
    return format_html(BAR, title, total, weights, ruler.lines, CUT if total_bytes > end else "")


@dataclass(frozen=True, slots=True)
class Segment:
    texture: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class MemoryBar:
    """One device with a model as it would be there. Everything in percent of the drawing."""

    label: str
    used: str | None  # by others, from 0; None: not known
    used_text: str
    segments: tuple[Segment, ...]
    ghost_x: str
    ghost_width: str
    need_text: str
    name_x: str
    name_at_end: bool  # in the right half the name is written to the left
    device_width: str  # where the device ends: 100 unless more is needed than it has
    margin_x: str
    margin_width: str
    ticks: tuple[Tick, ...]
    is_cut: bool
    sentence: str
    load: Load


def memory_bar(load: Load, name: str) -> MemoryBar:
    spot = load.spot
    total = spot.total_bytes or load.need_bytes
    used = max(0, total - spot.free_bytes) if spot.free_bytes is not None else 0
    # Room for what does not fit, up to twice the device: beyond, the drawing is cut.
    end = min(max(total, used + load.need_bytes), 2 * total) or 1
    margin = min(load.margin_bytes, total)
    return MemoryBar(
        label=spot.label,
        used=percent(used, end) if spot.free_bytes is not None else None,
        used_text=formats.size(used) if spot.free_bytes is not None else formats.UNKNOWN,
        segments=tuple(_segments(load, used, end)),
        ghost_x=percent(used, end),
        ghost_width=percent(min(load.need_bytes, end - used), end),
        need_text=formats.size(load.need_bytes),
        name_x="100" if used > end / 2 else percent(used, end),
        name_at_end=used > end / 2,
        device_width=percent(total, end),
        margin_x=percent(total - margin, end),
        margin_width=percent(margin, end),
        ticks=tuple(byte_ticks(end)),
        is_cut=used + load.need_bytes > end,
        sentence=_sentence(load, name, used),
        load=load,
    )


def _segments(load: Load, start: int, end: int) -> list[Segment]:
    found = []
    for part in load.parts:
        width = min(part.size_bytes, max(0, end - start))
        found.append(Segment(part.texture, percent(start, end), percent(width, end)))
        start += part.size_bytes
    return found


def _sentence(load: Load, name: str, used: int) -> str:
    spot = load.spot
    parts = ", ".join(f"{part.label} {formats.size(part.size_bytes)}" for part in load.parts)
    need = f"{name} needs about {formats.size(load.need_bytes)} on {spot.label}: {parts}"
    if spot.free_bytes is None:
        return f"{need}; what is free there is not known"
    have = f"others use {formats.size(used)} of {formats.size(spot.total_bytes)}"
    if load.short_bytes:
        return f"{need}; {have}, so {formats.size(load.short_bytes)} are missing"
    return f"{need}; {have}, and {formats.size(load.left_bytes)} stay free"


def bars(loads: Sequence[Load], name: str) -> list[MemoryBar]:
    return [memory_bar(load, name) for load in loads if load.spot.total_bytes or load.need_bytes]
