"""Whether an engine may start: what its devices have, what is spoken for, what would have to go.

Numbers in, a Plan out: no clock, no process, no database. Sizes are bytes.

    held      the device shows it as used; it comes back when the engine has ended
    promised  spoken for although the device shows it as free: what a load will still take, and
              pages of mapped weights, which the kernel counts as free and which must fit too
    margin    what stays free on the device whatever happens
    short     need + promised by all + margin - free, where that is positive

Only what is seen free is given away: memory of engines that are being stopped is waited for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine_app.core import states
from engine_app.core.ledger_search import Item, cheapest

FITS: Final = "fits"
EVICT: Final = "evict"
WAIT: Final = "wait"
TOO_BIG: Final = "too_big"
NO_ROOM: Final = "no_room"
UNKNOWN: Final = "unknown"

_COMING: Final = (states.STARTING, states.LOADING)


@dataclass(frozen=True, slots=True)
class Device:
    """A place for memory. None where nobody knows."""

    key: str
    label: str
    total_bytes: int | None
    free_bytes: int | None
    margin_bytes: int


@dataclass(frozen=True, slots=True)
class Occupant:
    """An engine that is there, or on its way; or the router of our own with its models, which is
    counted and never stopped for others."""

    engine: int
    name: str
    state: str
    held: Mapping[str, int]
    promised: Mapping[str, int]
    # May be held already, of what is promised: it loads, and its driver does not tell. Nobody gets
    # it; but there is so much more to wait for.
    perhaps: Mapping[str, int] = field(default_factory=dict)
    busy: bool = False
    pinned: bool = False
    is_router: bool = False
    idle_seconds: float | None = None
    cost_milliseconds: int = 0  # what loading it again costs, as far as that is likely

    def gives_bytes(self, device: str) -> int:
        """What there is more for others when it has gone."""
        return self.held.get(device, 0) + self.promised.get(device, 0)

    @property
    def is_stopping(self) -> bool:
        return self.state == states.STOPPING

    @property
    def is_coming(self) -> bool:
        return self.state in _COMING

    @property
    def can_go(self) -> bool:
        stays = self.busy or self.pinned or self.is_router
        return self.state in states.SERVING and not stays


@dataclass(frozen=True, slots=True)
class Need:
    """What a start takes, by device."""

    source: str
    devices: Mapping[str, int]
    is_lower_bound: bool = False
    adapts: bool = False  # the engine itself puts less on a GPU when that is too full


@dataclass(frozen=True, slots=True)
class Line:
    """One device in the account."""

    device: Device
    need_bytes: int
    reserved_bytes: int  # promised to others
    coming_bytes: int  # held by engines that are being stopped
    router_bytes: int = 0  # of what is used and what is promised, the part of our own router

    @property
    def short_bytes(self) -> int | None:
        """At this moment; None where nobody knows what is free."""
        free = self.device.free_bytes
        if free is None:
            return None
        return max(0, self.need_bytes + self.reserved_bytes + self.device.margin_bytes - free)

    @property
    def later_short_bytes(self) -> int:
        """When what is being stopped has gone."""
        return max(0, (self.short_bytes or 0) - self.coming_bytes)

    @property
    def never_bytes(self) -> int:
        """How much is missing even on the empty device; 0 where it would fit or nobody knows."""
        total = self.device.total_bytes
        if total is None:
            return 0
        return max(0, self.need_bytes + self.device.margin_bytes - total)


@dataclass(frozen=True, slots=True)
class Plan:
    outcome: str
    need: Need | None
    lines: tuple[Line, ...] = ()
    evict: tuple[Occupant, ...] = ()
    wait_for: tuple[Occupant, ...] = ()
    in_the_way: tuple[Occupant, ...] = ()  # of what is missing they have some, and cannot go
    is_exact: bool = True  # no cheaper set makes room; else only none was found

    @property
    def is_certain(self) -> bool:
        """Whether it can be refused for this: at least so much, or so much unless the engine takes
        less by itself, refuses nothing."""
        return self.need is not None and not self.need.is_lower_bound and not self.need.adapts

    @property
    def is_refused(self) -> bool:
        return self.outcome in (TOO_BIG, NO_ROOM) and self.is_certain


def plan(
    need: Need | None,
    devices: Iterable[Device],
    occupants: Sequence[Occupant],
    *,
    may_evict: bool = True,
) -> Plan:
    """`occupants` are all engines but the one that is to start. Without `may_evict` it takes what
    is free, or waits for what is being stopped anyway."""
    by_key = {device.key: device for device in devices}
    if need is None:
        return Plan(UNKNOWN, None)
    wanted = {key: size for key, size in need.devices.items() if size > 0}
    lines = tuple(_line(by_key[key], wanted[key], occupants) for key in wanted if key in by_key)
    if any(line.never_bytes for line in lines):
        return Plan(TOO_BIG, need, lines)
    if not lines or len(lines) < len(wanted) or any(line.short_bytes is None for line in lines):
        return Plan(UNKNOWN, need, lines)
    if not any(line.short_bytes for line in lines):
        return Plan(FITS, need, lines)
    return _when_short(need, lines, occupants, may_evict)


def _line(device: Device, need_bytes: int, occupants: Sequence[Occupant]) -> Line:
    stay = [each for each in occupants if not each.is_stopping]
    go = [each for each in occupants if each.is_stopping]
    return Line(
        device,
        need_bytes,
        reserved_bytes=sum(each.promised.get(device.key, 0) for each in stay),
        coming_bytes=sum(each.held.get(device.key, 0) for each in go),
        router_bytes=sum(each.gives_bytes(device.key) for each in stay if each.is_router),
    )


def _when_short(
    need: Need, lines: tuple[Line, ...], occupants: Sequence[Occupant], may_evict: bool
) -> Plan:
    missing = {line.device.key: line.later_short_bytes for line in lines}
    missing = {key: size for key, size in missing.items() if size}
    if not missing:
        gone = tuple(each for each in occupants if each.is_stopping)
        return Plan(WAIT, need, lines, wait_for=gone)
    by_engine = {each.engine: each for each in occupants}
    if may_evict:
        idle = [_item(each, missing) for each in occupants if each.can_go]
        found = cheapest(idle, tuple(missing.values()))
        if found is not None:
            chosen = tuple(by_engine[item.key] for item in found.items)
            return Plan(EVICT, need, lines, evict=chosen, is_exact=found.is_exact)
        # Once it is loaded it is known what it takes, and it can be asked to go.
        soon = [each for each in occupants if each.is_coming and not each.pinned]
        found = cheapest([*idle, *(_item(each, missing) for each in soon)], tuple(missing.values()))
        if found is not None:
            chosen = tuple(by_engine[item.key] for item in found.items)
            return Plan(WAIT, need, lines, wait_for=tuple(c for c in chosen if c.is_coming))
    return Plan(NO_ROOM, need, lines, in_the_way=tuple(_in_the_way(missing, occupants, may_evict)))


def _item(occupant: Occupant, missing: Mapping[str, int]) -> Item:
    gives = tuple(occupant.gives_bytes(key) + occupant.perhaps.get(key, 0) for key in missing)
    return Item(occupant.engine, max(1, occupant.cost_milliseconds), gives)


def _in_the_way(
    missing: Mapping[str, int], occupants: Sequence[Occupant], may_evict: bool
) -> Iterable[Occupant]:
    for each in occupants:
        stays = not may_evict or not each.can_go
        if stays and not each.is_stopping and any(each.gives_bytes(key) for key in missing):
            yield each
