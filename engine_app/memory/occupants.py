"""Which engines are there, and what each of them has and is going to have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Max
from django.utils import timezone

from engine_app.core import states
from engine_app.core.ledger import Occupant
from engine_app.memory.places import Places
from engine_app.memory.plan_words import ROUTER
from engine_app.memory.taken import Taken
from engine_app.models import Engine, EngineRun, OwnRouter
from models_app.memory.spots import RAM
from models_app.options import MEMORY_MARGIN

# Whoever was not used for so long is half as likely to be used soon.
HALF_LIFE_SECONDS: Final = 600.0
STOP_MILLISECONDS: Final = (
    1000  # what an eviction costs besides: one large one beats two small ones
)
BYTES_A_SECOND: Final = 200 << 20  # of a load that was never measured
_MOST_HALVINGS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Present:
    """An engine that is not at rest, as its row says."""

    engine: int
    name: str
    state: str
    pid: int | None
    port: int | None
    claim: Mapping[str, int]
    pinned: bool
    idle_seconds: float | None
    load_seconds: float


@dataclass(frozen=True, slots=True)
class Scene:
    """What rows say of a moment."""

    there: tuple[Present, ...]
    margin_bytes: int
    router_pid: int | None = None  # of our own router, while it has a process

    @property
    def serving(self) -> list[int]:
        return [each.engine for each in self.there if each.state in states.SERVING]


def scene(node: str, besides: int | None) -> Scene:
    """Reads rows. `besides` is the one that is to start."""
    rows = Engine.objects.here(node).alive().exclude(pk=besides or 0).select_related("llama_model")
    engines, now = list(rows), timezone.now()
    loads = _load_seconds([engine.pk for engine in engines])
    there = tuple(_present(each, loads.get(each.pk), now) for each in engines)
    router = OwnRouter.objects.filter(node=node).exclude(pid=None).first()
    return Scene(there, MEMORY_MARGIN.get() << 20, router.pid if router is not None else None)


def _present(engine: Engine, load_seconds: float | None, now: datetime) -> Present:
    since = engine.idle_since
    return Present(
        engine.pk,
        engine.alias,
        engine.state if engine.is_wanted else states.STOPPING,
        engine.pid,
        engine.port,
        {str(key): size for key, size in engine.claim.items() if type(size) is int},
        engine.pinned,
        None if since is None else max(0.0, (now - since).total_seconds()),
        engine.llama_model.size_bytes / BYTES_A_SECOND if load_seconds is None else load_seconds,
    )


def _load_seconds(engines: Collection[int]) -> dict[int, float | None]:
    """What the last load of each has taken."""
    if not engines:
        return {}
    loaded = EngineRun.objects.filter(engine__in=engines).exclude(ready_at=None).order_by()
    latest = loaded.values("engine").annotate(last=Max("pk")).values("last")
    runs = EngineRun.objects.filter(pk__in=latest).only("engine_id", "started_at", "ready_at")
    return {run.engine_id: run.seconds_to_ready for run in runs}


def occupants(
    there: Iterable[Present],
    taken: Mapping[int, Taken],
    places: Places,
    busy: Collection[int],
) -> list[Occupant]:
    return [_occupant(each, taken.get(each.pid or -1), places, busy) for each in there]


def routers(pid: int | None, taken: Mapping[int, Taken], places: Places) -> list[Occupant]:
    """The router of our own, if it runs: what it and its models have. It is no engine: 0."""
    found = taken.get(pid) if pid is not None else None
    if found is None:
        return []
    known = {key: size for key, size in found.gpus.items() if size is not None}
    held = places.fold(_sum({RAM: found.own_bytes}, places.told(known)))
    promised = {RAM: found.file_bytes}
    return [Occupant(0, ROUTER, states.READY, held, promised, is_router=True)]


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in one.keys() | other.keys()}


def _occupant(
    each: Present, taken: Taken | None, places: Places, busy: Collection[int]
) -> Occupant:
    held = places.fold(_held(each, taken, places))
    claim = places.fold(each.claim or ({RAM: taken.ram_bytes} if taken else {}))
    if each.state == states.STOPPING:
        # A process that is taken apart shows nothing any more, while its pages are not free yet.
        held = {**claim, **{key: max(size, claim.get(key, 0)) for key, size in held.items()}}
    promised = {key: max(0, size - held.get(key, 0)) for key, size in claim.items()}
    loads = each.state in (states.STARTING, states.LOADING)
    untold = {key: size for key, size in promised.items() if loads and key not in held}
    return Occupant(
        each.engine,
        each.name,
        each.state,
        held,
        {key: size for key, size in promised.items() if size},
        perhaps=untold,
        busy=each.engine in busy,
        pinned=each.pinned,
        idle_seconds=each.idle_seconds,
        cost_milliseconds=cost_milliseconds(each.load_seconds, each.idle_seconds),
    )


def _held(each: Present, taken: Taken | None, places: Places) -> dict[str, int]:
    """RAM as it is seen. A GPU as its driver tells; where it does not, one that has loaded is taken
    to have what it claims, and one that loads to have nothing yet."""
    held = {RAM: taken.own_bytes} if taken is not None else {}
    seen = {key: size for key, size in taken.gpus.items() if size is not None} if taken else {}
    if seen:
        return _sum(held, places.told(seen))
    if each.state in (states.READY, states.STOPPING):
        held |= {key: size for key, size in each.claim.items() if key != RAM}
    return held


def cost_milliseconds(load_seconds: float, idle_seconds: float | None) -> int:
    """Of stopping it: what a new load takes, as far as it is likely that somebody will want it."""
    halvings = min((idle_seconds or 0.0) / HALF_LIFE_SECONDS, _MOST_HALVINGS)
    return STOP_MILLISECONDS + int(1000 * max(0.0, load_seconds) * 0.5**halvings)


def measured_claim(taken: Taken, places: Places, host_weights_bytes: int) -> dict[str, int]:
    """What a loaded engine has, by place; a GPU whose driver does not tell is left out.

    Mapped weights count whole, also those that were not read yet or were dropped meanwhile: all of
    them must fit."""
    mapped = taken.own_bytes < host_weights_bytes
    files = max(taken.file_bytes, host_weights_bytes) if mapped else taken.file_bytes
    found = {RAM: taken.own_bytes + files}
    if any(size is None for size in taken.gpus.values()):
        return found
    known = {key: size for key, size in taken.gpus.items() if size is not None}
    return _sum(found, places.fold(places.told(known)))
