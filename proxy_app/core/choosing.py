"""Which model a name that stands for several of them means at this moment. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

How = Literal["first", "loaded", "spill"]
FIRST: Final = "first"  # always the first that can be asked
LOADED: Final = "loaded"  # the first that is loaded, else the first
SPILL: Final = "spill"  # the first with a free slot; then one that can be loaded; else the shortest
HOWS: Final = (FIRST, LOADED, SPILL)


@dataclass(frozen=True, slots=True)
class Member:
    """`load` is what runs and waits there for each slot."""

    name: str
    is_ready: bool
    load: float
    has_failed: bool = False


def chosen(members: Sequence[Member], how: str) -> Member | None:
    """None where there is none."""
    if not members:
        return None
    usable = [each for each in members if not each.has_failed] or list(members)
    ready = [each for each in usable if each.is_ready]
    if how == LOADED:
        return ready[0] if ready else usable[0]
    if how == SPILL:
        free = [each for each in ready if each.load < 1]
        cold = [each for each in usable if not each.is_ready]
        if free:
            return free[0]
        if cold and all(each.load >= 1 for each in ready):
            return cold[0]
        return min(usable, key=lambda each: each.load)
    return usable[0]
