"""A plan for people and programs. The shape of the JSON is a promise to pages and to the API:

    {"outcome": "fits|evict|wait|too_big|no_room|unknown", "at": ISO time,
     "need": {"source": "measured|estimate|llama-fit-params|out of memory", "is_lower_bound": bool,
              "devices": [{"key", "label", "total_bytes", "free_bytes", "need_bytes",
                           "reserved_bytes", "router_bytes", "margin_bytes", "short_bytes"}]},
     "evict": [{"engine": id, "name", "frees_bytes", "idle_seconds"}],
     "sentences": [text], "advice": [text]}

Bytes that nobody knows are null. `reserved_bytes` is spoken for by other engines though it is seen
free; `router_bytes` is what the router of our own has, used or spoken for. The record of a start
has more: see `with_record`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from engine_app.core import ledger
from engine_app.core.ledger import Line, Need, Occupant, Plan
from llamadash import formats

SOURCES: Final = {
    "measured": "measured at an earlier start",
    "estimate": "estimated",
    "llama-fit-params": "asked of llama-fit-params",
    "out of memory": "raised after it ran out of memory",
}
ROUTER: Final = "our own router"
ALL_THE_SAME: Final = {
    "bound": "It is started all the same: it takes at least so much, how much is not known.",
    "adapts": "It is started all the same: this build leaves layers in RAM until the rest fits.",
}


def as_json(plan: Plan, advice: Sequence[str], at: datetime) -> dict[str, Any]:
    need = plan.need or Need("", {})
    return {
        "outcome": plan.outcome,
        "need": {
            "source": need.source,
            "is_lower_bound": need.is_lower_bound,
            "devices": [_device(line) for line in plan.lines],
        },
        "evict": [_evicted(each, plan) for each in plan.evict],
        "sentences": sentences(plan),
        "advice": list(advice),
        "at": at.isoformat(),
    }


def _device(line: Line) -> dict[str, Any]:
    device = line.device
    return {
        "key": device.key,
        "label": device.label,
        "total_bytes": device.total_bytes,
        "free_bytes": device.free_bytes,
        "need_bytes": line.need_bytes,
        "reserved_bytes": line.reserved_bytes,
        "router_bytes": line.router_bytes,
        "margin_bytes": device.margin_bytes,
        "short_bytes": line.short_bytes,
    }


def _evicted(each: Occupant, plan: Plan) -> dict[str, Any]:
    idle = each.idle_seconds
    return {
        "engine": each.engine,
        "name": each.name,
        "frees_bytes": _frees(each, plan),
        "idle_seconds": None if idle is None else round(idle, 1),
    }


def _frees(each: Occupant, plan: Plan) -> int:
    """On the devices that the start uses."""
    return sum(each.gives_bytes(line.device.key) for line in plan.lines)


# ---------------------------------------------------------------- sentences
def sentences(plan: Plan) -> list[str]:
    """What happens first, then what that rests on."""
    return [*_head(plan), *(_account(line, plan.need) for line in plan.lines)]


def _head(plan: Plan) -> Iterable[str]:
    if plan.outcome == ledger.FITS:
        yield "It fits."
    elif plan.outcome == ledger.EVICT:
        yield f"To make room, {_victims(plan)}."
        if not plan.is_exact:
            yield "There are too many engines to be sure that no cheaper choice exists."
    elif plan.outcome == ledger.WAIT:
        yield from _waits(plan)
    elif plan.outcome == ledger.UNKNOWN:
        yield f"{_not_known(plan)}, so it is started without knowing whether it fits."
    else:
        yield from _short(plan)


def _victims(plan: Plan) -> str:
    stopped = [
        f"{each.name} is stopped, which frees {formats.size(_frees(each, plan))}{_idle(each)}"
        for each in plan.evict
    ]
    return " and ".join(stopped)


def _idle(each: Occupant) -> str:
    return (
        "" if each.idle_seconds is None else f" (unused for {formats.duration(each.idle_seconds)})"
    )


def _waits(plan: Plan) -> Iterable[str]:
    names = _names(plan.wait_for)
    if any(each.is_coming for each in plan.wait_for):
        yield f"It waits until {names} is loaded, and makes room then."
    else:
        yield f"It waits until the memory of {names}, which is being stopped, is free."


def _names(who: Sequence[Occupant]) -> str:
    return " and ".join(each.name for each in who) or "others"


def _not_known(plan: Plan) -> str:
    silent = [line.device.label for line in plan.lines if line.device.free_bytes is None]
    if plan.need is None or not plan.need.devices:
        return "What it needs is not known: its file does not state enough"
    if silent:
        return f"What is free on {' and '.join(silent)} is not known: the driver does not tell"
    return "What is free is not known"


def _short(plan: Plan) -> Iterable[str]:
    if plan.outcome == ledger.TOO_BIG:
        where = [
            f"{formats.size(line.never_bytes)} are missing on {line.device.label}"
            for line in plan.lines
            if line.never_bytes
        ]
        yield f"It is too big, even with nothing else loaded: {' and '.join(where)}."
    else:
        where = [
            f"{formats.size(line.later_short_bytes)} are missing on {line.device.label}"
            for line in plan.lines
            if line.later_short_bytes
        ]
        yield f"There is no room: {' and '.join(where)}."
        yield from (_capital(f"{each.name} {_why_it_stays(each)}.") for each in plan.in_the_way)
        if not plan.in_the_way:
            yield "No engine that could be stopped has so much: other programs hold the memory."
    if plan.need is not None and plan.need.adapts:
        yield ALL_THE_SAME["adapts"]
    elif plan.need is not None and plan.need.is_lower_bound:
        yield ALL_THE_SAME["bound"]


def _capital(sentence: str) -> str:
    """What begins with a model's name stays as the model is called."""
    return f"O{sentence[1:]}" if sentence.startswith(ROUTER) else sentence


def _why_it_stays(each: Occupant) -> str:
    if each.is_router:
        return "has models loaded, and is never stopped to make room"
    if each.pinned:
        return "is pinned"
    if each.is_coming:
        return "is being loaded"
    if each.busy:
        return "is answering requests"
    return "is in use, and this start stops no other engine"


def _account(line: Line, need: Need | None) -> str:
    at_least = "at least " if need is not None and need.is_lower_bound else ""
    source = SOURCES.get(need.source, need.source) if need is not None else ""
    device = line.device
    words = [f"{device.label}: it needs {at_least}{formats.size(line.need_bytes)} ({source})"]
    if device.free_bytes is not None:
        words.append(f"{formats.size(device.free_bytes)} are free")
    if line.reserved_bytes:
        words.append(f"{formats.size(line.reserved_bytes)} of that belong to other engines")
    if line.router_bytes:
        words.append(f"{formats.size(line.router_bytes)} are in the hands of {ROUTER}")
    if line.coming_bytes:
        words.append(f"{formats.size(line.coming_bytes)} are about to come free")
    words.append(f"{formats.size(device.margin_bytes)} stay free")
    return ", ".join(words) + "."


# ---------------------------------------------------------------- the record
def with_record(
    plan: Mapping[str, Any],
    *,
    waited_seconds: float,
    evicted: Sequence[Mapping[str, Any]],
    remarks: Sequence[str],
) -> dict[str, Any]:
    """The last plan, the one that let it start, with what was done for it: {"after": {…}}."""
    said = [f"{each['name']} was stopped to make room." for each in evicted]
    if waited_seconds >= 1.0:
        said.append(f"It waited {formats.duration(waited_seconds)} for memory.")
    after = {
        "waited_seconds": round(waited_seconds, 2),
        "evicted": list(evicted),
        "measured": {},
        "sentences": [*said, *remarks],
    }
    return {**plan, "after": after}


def with_measured(record: Mapping[str, Any], by_device: Mapping[str, int]) -> dict[str, Any]:
    """The record once it is loaded: what it takes indeed."""
    before = {each["key"]: each for each in record.get("need", {}).get("devices", [])}
    after = dict(record.get("after", {}))
    words = [
        f"Loaded, it takes {formats.size(size)} of {before.get(key, {}).get('label', key)}"
        f"{_against(before.get(key))}."
        for key, size in by_device.items()
    ]
    after["measured"] = dict(by_device)
    after["sentences"] = [*after.get("sentences", []), *words]
    return {**record, "after": after}


def _against(device: Mapping[str, Any] | None) -> str:
    return "" if device is None else f", {formats.size(device['need_bytes'])} were planned"
