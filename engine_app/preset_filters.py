"""What an imported file changes in requests for models. Whoever has a place for that says so when
the program starts; this layer knows nothing of requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from engine_app.core.imported import Change, Filters, LeftOut

Wanted = Mapping[int, Filters]  # by model


@dataclass(slots=True)
class Difference:
    changes: list[Change] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    compare: Callable[[Wanted], Mapping[int, Difference]]  # by model
    take: Callable[[Wanted], None]  # runs in the import's transaction


_places: Final[list[Place]] = []


def register(place: Place) -> None:
    _places[:] = [place]


def differences(wanted: Wanted) -> Mapping[int, Difference]:
    if not wanted:
        return {}
    if _places:
        return _places[0].compare(wanted)
    why = "Nothing here changes requests for a model."
    return {pk: Difference(left_out=[LeftOut("filters", why)]) for pk in wanted}


def take(wanted: Wanted) -> None:
    if wanted and _places:
        _places[0].take(wanted)
