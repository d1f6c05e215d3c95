"""A plan's devices to scale: percentages for templates/engine_app/_plan.html.

Also of plans that another version of this program has stored: what is missing is not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llamadash import formats
from llamadash.rulers import Tick, byte_ticks, percent


@dataclass(frozen=True, slots=True)
class PlanBar:
    """From the left: what is used, what belongs to others though it is free, what the start needs.
    The margin is at the device's end. Percent of the drawing."""

    label: str
    used: str
    reserved_x: str
    reserved: str
    need_x: str
    need: str
    margin_x: str
    margin: str
    device: str  # where the device ends
    ticks: tuple[Tick, ...]
    used_text: str
    reserved_text: str
    need_text: str
    margin_text: str
    total_text: str
    is_short: bool
    sentence: str


def plan_bars(plan: Mapping[str, Any]) -> list[PlanBar]:
    need = plan.get("need")
    devices = need.get("devices", []) if isinstance(need, Mapping) else []
    return [_bar(each) for each in devices if isinstance(each, Mapping)]


def _bar(device: Mapping[str, Any]) -> PlanBar:
    total, free = _size(device, "total_bytes"), _size(device, "free_bytes")
    need, reserved = _size(device, "need_bytes") or 0, _size(device, "reserved_bytes") or 0
    margin, short = _size(device, "margin_bytes") or 0, _size(device, "short_bytes")
    used = max(0, total - free) if total is not None and free is not None else 0
    ends_at = total if total is not None else need
    # Room for what does not fit, up to twice the device.
    end = min(max(ends_at, used + reserved + need), 2 * ends_at) or 1
    margin = min(margin, ends_at)
    label = str(device.get("label", ""))
    known = free is not None and total is not None
    return PlanBar(
        label=label,
        used=percent(used, end),
        reserved_x=percent(used, end),
        reserved=percent(min(reserved, max(0, end - used)), end),
        need_x=percent(used + reserved, end),
        need=percent(min(need, max(0, end - used - reserved)), end),
        margin_x=percent(ends_at - margin, end),
        margin=percent(margin, end),
        device=percent(ends_at, end),
        ticks=tuple(byte_ticks(end)),
        used_text=formats.size(used if known else None),
        reserved_text=formats.size(reserved) if reserved else "",
        need_text=formats.size(need),
        margin_text=formats.size(margin),
        total_text=formats.size(total),
        is_short=bool(short),
        sentence=_sentence(label, need, short),
    )


def _sentence(label: str, need: int, short: int | None) -> str:
    words = f"{label}: {formats.size(need)} needed"
    if short is None:
        return f"{words}; what is free is not known"
    return f"{words}; {formats.size(short)} are missing" if short else f"{words}; there is room"


def _size(device: Mapping[str, Any], name: str) -> int | None:
    value = device.get(name)
    return value if type(value) is int and value >= 0 else None
