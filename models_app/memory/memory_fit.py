"""Whether a model fits where it is to go, against what is free at this moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from llamadash.perf import monitor, timed
from models_app.core import memory
from models_app.core.memory import EstimateError, Options
from models_app.core.tensors import TensorSummary
from models_app.memory.memory_need import Need, Subject, can_be_asked_exactly
from models_app.memory.memory_words import verdict, weights_warning
from models_app.memory.spots import Spot, spots
from models_app.options import MEMORY_MARGIN

monitor.are_answers(EstimateError)  # a model that does not state enough is no fault of ours
ONLY_CONTEXT: Final = (
    "Only the context is too big: the weights fit. A smaller context, fewer slots or a smaller KV "
    "type helps."
)


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of a bar: its texture, its word and its size."""

    texture: str  # solid, tint, faint
    label: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Load:
    """What goes to one place, against what is free there."""

    spot: Spot
    parts: tuple[Part, ...]
    margin_bytes: int

    @property
    def need_bytes(self) -> int:
        return sum(part.size_bytes for part in self.parts)

    @property
    def short_bytes(self) -> int | None:
        """How much is missing; 0 if it fits, None if nobody knows what is free."""
        if self.spot.free_bytes is None:
            return None
        return max(0, self.need_bytes + self.margin_bytes - self.spot.free_bytes)

    @property
    def left_bytes(self) -> int | None:
        """What stays free afterwards, the margin included."""
        free = self.spot.free_bytes
        return None if free is None else max(0, free - self.need_bytes)

    @property
    def would_fit_alone(self) -> bool:
        """On the device as if nothing else were there."""
        total = self.spot.total_bytes
        return total is not None and self.need_bytes + self.margin_bytes <= total


@dataclass(frozen=True, slots=True)
class Fit:
    need: Need
    loads: tuple[Load, ...]
    fits: bool | None  # None: not known
    verdict: str
    warnings: tuple[str, ...] = ()
    largest_context: int | None = None
    no_context_fits: bool = False
    layers_that_fit: int | None = None  # only when not all of those asked for fit
    tensor_bytes: int = 0  # of all files, each counted once


@timed("memory.fit")
def fit(subject: Subject, options: Options, spot: Spot, *, exact: bool = False) -> Fit:
    """Raises EstimateError when the model does not state what an estimate needs."""
    if spot.is_ram:
        options = replace(options, gpu_layers=0)
    need = subject.need(options, exact=exact and can_be_asked_exactly(spot))
    margin = MEMORY_MARGIN.get() << 20
    loads = tuple(_loads(need, spot, margin))
    short = [load.short_bytes for load in loads]
    fits = None if None in short else not any(short)
    if fits and need.is_lower_bound:
        fits = None
    summary = subject.summary
    answer = Fit(need, loads, fits, verdict(need, loads, fits), tensor_bytes=summary.nbytes)
    return _with_advice(answer, subject, summary, options)


def _loads(need: Need, spot: Spot, margin: int) -> list[Load]:
    ram = next((s for s in spots() if s.is_ram), spot)
    if spot.is_ram:
        return [Load(spot, _whole(need, need.total_bytes), margin)]
    everything = need.estimate.gpu_layers >= need.estimate.layers
    on_device = _whole(need, need.device_bytes) if everything else _split(need)
    loads = [Load(spot, on_device, margin)]
    if need.host_bytes:
        rest = "weights that stay in RAM" if everything else "the rest of weights and KV cache"
        stays = (Part("solid", rest, need.host_bytes),)
        loads.append(Load(ram, stays, margin))
    return loads


def _whole(need: Need, size_bytes: int) -> tuple[Part, ...]:
    weights = max(0, size_bytes - need.cache_bytes - need.compute_bytes)
    return _parts(
        ("solid", "weights", weights),
        ("tint", "KV cache", need.cache_bytes),
        ("faint", "buffers", need.compute_bytes),
    )


def _split(need: Need) -> tuple[Part, ...]:
    """Some layers only: how weights and cache divide is known of their sum alone."""
    compute = min(need.compute_bytes, need.device_bytes)
    layers = f"weights and KV cache of {need.estimate.gpu_layers} layers"
    return _parts(("solid", layers, need.device_bytes - compute), ("faint", "buffers", compute))


def _parts(*given: tuple[str, str, int]) -> tuple[Part, ...]:
    return tuple(Part(*part) for part in given if part[2])


def _with_advice(answer: Fit, subject: Subject, summary: TensorSummary, options: Options) -> Fit:
    largest = memory.largest_context(subject.values, summary, options, **_limits(answer))
    answer = replace(answer, largest_context=largest, no_context_fits=largest is None)
    short = [load for load in answer.loads if load.short_bytes]
    if not short:
        return answer
    layers = None
    if largest is None:
        layers = _fewer_layers(answer, subject, summary, options)
        warnings = [weights_warning(short[0], layers, answer.need.estimate.layers)]
    else:
        warnings = [ONLY_CONTEXT]
        if largest >= answer.need.estimate.context:
            # llama-fit-params says more than the formula that the search for contexts uses.
            answer = replace(answer, largest_context=None)
    alone = [load.spot.label for load in short if load.would_fit_alone]
    if alone:
        warnings.append(f"It would fit if nothing else were on {' and '.join(alone)}.")
    return replace(answer, warnings=tuple(warnings), layers_that_fit=layers)


def _limits(answer: Fit) -> dict[str, int | None]:
    """Bytes for the device and the host as `largest_context` takes them."""
    free: dict[bool, int | None] = {True: None, False: None}
    for load in answer.loads:
        room = load.spot.free_bytes
        free[load.spot.is_ram] = None if room is None else max(0, room - load.margin_bytes)
    return {"device_bytes": free[False], "host_bytes": free[True]}


def _fewer_layers(
    answer: Fit, subject: Subject, summary: TensorSummary, options: Options
) -> int | None:
    device = _limits(answer)["device_bytes"]
    if device is None or options.gpu_layers == 0:
        return None
    return memory.layers_that_fit(subject.values, summary, options, device)
