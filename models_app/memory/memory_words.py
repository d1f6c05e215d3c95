"""A memory answer in words: the verdict, what is wrong, where each figure is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llamadash import formats
from models_app.core.memory import Options
from models_app.memory import fit_params
from models_app.memory.memory_need import Need

if TYPE_CHECKING:
    from models_app.memory.memory_fit import Fit, Load


def verdict(need: Need, loads: tuple[Load, ...], fits: bool | None) -> str:
    where = " and ".join(load.spot.label for load in loads)
    if short := [load for load in loads if load.short_bytes]:
        missing = " and ".join(
            f"{formats.size(load.short_bytes)} short on {load.spot.label}" for load in short
        )
        return f"No: {missing}"
    if any(load.short_bytes is None for load in loads):
        return f"Not known: {where} does not say how much is free"
    if fits is None:
        return f"Perhaps, on {where}: it needs at least {formats.size(need.total_bytes)}"
    return f"Yes, on {where}"


def weights_warning(load: Load, layers: int | None, of: int) -> str:
    text = (
        f"The weights are too big for {load.spot.label}, where "
        f"{formats.size(load.spot.free_bytes)} are free: no context makes it fit."
    )
    if layers:
        return f"{text} {layers} of {of} layers fit; the rest goes to RAM."
    return text if layers is None else f"{text} Not even one layer fits."


def how_known(answer: Fit, options: Options) -> dict[str, str]:
    """Where each figure comes from: weights, cache, compute, total."""
    need = answer.need
    if need.source == fit_params.PROGRAM:
        return dict.fromkeys(("weights", "cache", "compute", "total"), "says llama-fit-params")
    estimated = need.estimate
    types = (
        options.type_k
        if options.type_k == options.type_v
        else (f"{options.type_k} and {options.type_v}")
    )
    if need.is_lower_bound:
        cache = "at least: the architecture keeps more than is counted, or may"
    elif not need.cache_bytes:
        cache = "none: nothing is kept between requests"
    elif estimated.kv_bytes == estimated.context * estimated.bytes_per_token:
        per_token = formats.size(estimated.bytes_per_token)
        cache = f"{estimated.context:,} \u00d7 {per_token}, {types}"
    else:
        cache = f"by llama.cpp's rules for this architecture, {types}"
    if estimated.recurrent_bytes:
        cache += f"; recurrent state {formats.size(estimated.recurrent_bytes)}"
    copied = estimated.weights_bytes > answer.tensor_bytes
    weights = "read from the file"
    return {
        "weights": f"{weights}, and the embedding again on the GPU" if copied else weights,
        "cache": cache,
        "compute": "a formula, up to 25 MiB off where it was checked",
        "total": "the projector of a vision model is not included",
    }
