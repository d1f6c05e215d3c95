"""What a model takes with a preset's options, and where it would go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine_app.core.flag_kinds import Value
from engine_app.core.memory_options import gpu_numbers, memory_options
from engine_app.core.preset_templates import ModelFacts
from engine_app.models.engine import EngineBinary
from engine_app.preset_refs import beside, size_bytes
from models_app.core.memory import EstimateError
from models_app.memory.memory_fit import Fit, fit
from models_app.memory.memory_need import Subject
from models_app.memory.spots import ALL_GPUS, Spot, spots
from models_app.models import LlamaModel


def fit_of(model: LlamaModel, options: Mapping[str, Value], binary: EngineBinary | None) -> Fit:
    """Raises EstimateError where the file does not say enough."""
    subject = Subject(model)
    layers = subject.layers()
    if layers is None:
        raise EstimateError("the file does not state what it takes")
    spot = spot_of(options, binary)
    if spot is None:
        raise EstimateError("no device is known to put it on")
    return fit(subject, memory_options(options, layers=layers), _what_is_left(spot, options))


def _what_is_left(spot: Spot, options: Mapping[str, Value]) -> Spot:
    """Without what draft model and adapters take: the size of their files, at least."""
    taken = size_bytes(beside(options))
    if not taken or spot.free_bytes is None:
        return spot
    return replace(spot, free_bytes=max(0, spot.free_bytes - taken))


def spot_of(options: Mapping[str, Value], binary: EngineBinary | None) -> Spot | None:
    """The GPU or GPUs the engine would take; RAM where it has none or may use none."""
    found = spots()
    ram = next((spot for spot in found if spot.is_ram), None)
    gpus = [spot for spot in found if not spot.is_ram and spot.key != ALL_GPUS]
    together = next((spot for spot in found if spot.key == ALL_GPUS), None)
    numbers = gpu_numbers(options)
    if not gpus or numbers == [] or _computes_on_cpu_only(binary):
        return ram
    if numbers is not None and len(numbers) == 1 and numbers[0] < len(gpus):
        return gpus[numbers[0]]
    return together or gpus[0]


def _computes_on_cpu_only(binary: EngineBinary | None) -> bool:
    return binary is not None and binary.probed_at is not None and not binary.devices


def facts_of(model: LlamaModel, binary: EngineBinary | None) -> ModelFacts:
    """For the templates; what does not fit as it is has a context or layers that do."""
    roomy: dict[str, Value] = {
        "ctx-size": 256, "parallel": 1, "cache-type-k": "q8_0", "cache-type-v": "q8_0",
        "flash-attn": "on",
    }  # fmt: skip
    try:
        answer = fit_of(model, roomy, binary)
    except EstimateError:
        return ModelFacts(model.kind, model.context_length)
    return ModelFacts(
        kind=model.kind,
        trained_context=model.context_length,
        largest_context=answer.largest_context,
        layers_that_fit=answer.layers_that_fit,
    )
