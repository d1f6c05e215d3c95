"""What would make a start fit: figures from the model's file, for the room there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from engine_app.core.ledger import NO_ROOM, TOO_BIG, Line, Plan
from engine_app.memory.need import Question
from llamadash import formats
from models_app.core import memory
from models_app.core.memory import CACHE_TYPES, EstimateError, Options
from models_app.memory.spots import RAM

Q8: Final = "q8_0"


def advice(asked: Question, plan: Plan) -> list[str]:
    """Nothing where it fits, or where nobody can tell."""
    if plan.outcome not in (TOO_BIG, NO_ROOM):
        return []
    found = list(_smaller(asked, plan, {}))
    names = [each.name for each in plan.in_the_way]
    if names:
        found.append(f"Stop {_listed(names)} first.")
    return found


def smaller_advice(asked: Question, plan: Plan, failed_with: Mapping[str, int]) -> list[str]:
    """For what has run out of memory although it was said to fit: more than `failed_with` there
    is not, whatever the devices say."""
    return list(_smaller(asked, plan, failed_with))


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _smaller(asked: Question, plan: Plan, most: Mapping[str, int]) -> Iterator[str]:
    options = asked.options
    if options is None:
        return
    try:
        yield from _by_size(asked, options, _rooms(asked, plan, most))
    except EstimateError:
        return


def _by_size(asked: Question, options: Options, rooms: Mapping[str, int]) -> Iterator[str]:
    context = memory.estimate(asked.subject.values, asked.subject.summary, options).context
    as_it_is = _largest(asked, options, rooms)
    if as_it_is is not None and as_it_is < context:
        yield f"Less context: {formats.grouped(as_it_is)} tokens fit instead of {context:,}."
    q8 = _with_q8(options)
    with_q8 = _largest(asked, q8, rooms) if q8 is not None else None
    if with_q8 is not None and with_q8 > (as_it_is or 0):
        fit = "it fits as it is" if with_q8 >= context else f"{with_q8:,} tokens fit"
        yield f"A q8_0 cache (cache-type-k and cache-type-v): then {fit}."
    layers = _layers(asked, options, rooms)
    if layers:
        yield f"Fewer layers on the GPU: {layers} of {options.gpu_layers} fit."
    if as_it_is is None and with_q8 is None and not layers:
        yield "Not even the smallest context fits: a smaller quantization of this model may."


def _with_q8(options: Options) -> Options | None:
    """None where the cache is that small already."""
    elements, size = CACHE_TYPES[Q8]

    def is_wider(name: str) -> bool:
        each_elements, each_size = CACHE_TYPES[name]
        return each_size * elements > size * each_elements

    if not (is_wider(options.type_k) or is_wider(options.type_v)):
        return None
    return replace(options, type_k=Q8, type_v=Q8, flash_attention=True)


def _largest(asked: Question, options: Options, rooms: Mapping[str, int]) -> int | None:
    gpu = asked.gpu
    return memory.largest_context(
        asked.subject.values,
        asked.subject.summary,
        options,
        device_bytes=rooms.get(gpu) if gpu is not None else None,
        host_bytes=rooms.get(RAM),
    )


def _layers(asked: Question, options: Options, rooms: Mapping[str, int]) -> int | None:
    """None where no GPU is meant, or all layers fit."""
    if asked.gpu is None or asked.gpu not in rooms:
        return None
    values, summary = asked.subject.values, asked.subject.summary
    most = memory.layers_that_fit(values, summary, options, rooms[asked.gpu])
    return most if most < options.gpu_layers else None


def _rooms(asked: Question, plan: Plan, most: Mapping[str, int]) -> dict[str, int]:
    """For weights, cache and buffers by formula: what the start is known to need beyond the formula
    is taken off, and the projector with it."""
    formula = asked.estimated(exact=False)
    needed = plan.need.devices if plan.need is not None else {}
    rooms = {}
    for line in plan.lines:
        key = line.device.key
        room = _room(line, is_empty=plan.outcome == TOO_BIG)
        if room is None:
            continue
        by_formula = formula.devices.get(key, 0) if formula is not None else 0
        more = max(0, needed.get(key, 0) - by_formula)
        room = min(room, most.get(key, room))
        rooms[key] = max(0, room - more - asked.projector_on(key))
    return rooms


def _room(line: Line, *, is_empty: bool) -> int | None:
    device = line.device
    if is_empty:
        return None if device.total_bytes is None else device.total_bytes - device.margin_bytes
    if device.free_bytes is None:
        return None
    return device.free_bytes + line.coming_bytes - line.reserved_bytes - device.margin_bytes
