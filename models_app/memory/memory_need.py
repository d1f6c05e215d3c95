"""What a registered model takes with some launch options: by formula, or asked of llama.cpp."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import Final

from django.conf import settings

from models_app.core import memory
from models_app.core.memory import EstimateError, MemoryEstimate, Options
from models_app.core.tensors import TensorSummary, merge
from models_app.memory import capacity, fit_params
from models_app.memory.spots import ALL_GPUS, Spot
from models_app.models import LlamaModel


@dataclass(frozen=True, slots=True)
class Need:
    """What a model takes with some launch options, in bytes, and who says so."""

    source: str  # "estimate" or "llama-fit-params"
    weights_bytes: int
    cache_bytes: int  # KV cache and recurrent state
    compute_bytes: int
    device_bytes: int
    host_bytes: int
    is_lower_bound: bool
    notes: tuple[str, ...]
    estimate: MemoryEstimate

    @property
    def total_bytes(self) -> int:
        return self.device_bytes + self.host_bytes


class Subject:
    """A model prepared for questions: its key-values and the tensors of all its files."""

    def __init__(self, model: LlamaModel) -> None:
        self.model = model
        files = list(model.files.all())
        first = next((f for f in files if f.path == model.path), files[0] if files else None)
        self.values: Mapping[str, object] = first.metadata if first else {}
        self._stored = [f.tensors for f in files if f.tensors is not None]
        self._identity = tuple(f.scan_key for f in files)

    @cached_property
    def summary(self) -> TensorSummary:
        """Of all shards. Raises EstimateError."""
        if not self._stored:
            raise EstimateError("no tensor list of this file was read")
        try:
            return reduce(merge, map(TensorSummary.from_json, self._stored))
        except ValueError as error:
            raise EstimateError(str(error)) from error

    def layers(self) -> int | None:
        """What `gpu_layers` counts to, or None when the file does not tell."""
        try:
            return memory.estimate(self.values, self.summary, Options(ctx=256)).layers
        except EstimateError:
            return None

    def trained_context(self) -> int | None:
        return self.model.context_length

    def need(self, options: Options, *, exact: bool) -> Need:
        """By formula, or with `exact` by llama-fit-params where it answers. EstimateError."""
        estimated = memory.estimate(self.values, self.summary, options)
        projection = self._projection(options) if exact else None
        if projection is None:
            return _from_estimate(estimated)
        return Need(
            source=projection.source,
            weights_bytes=projection.weights_bytes,
            cache_bytes=projection.cache_bytes,
            compute_bytes=projection.compute_bytes,
            device_bytes=projection.device_bytes,
            host_bytes=projection.host_bytes,
            is_lower_bound=False,
            notes=("All parts: asked of llama-fit-params, in whole MiB, each rounded down.",),
            estimate=estimated,
        )

    def _projection(self, options: Options) -> fit_params.Projection | None:
        program = fit_params.find_program(settings.LLAMA_SERVER_BIN or None)
        if program is None or self.model.state != "ok":
            return None
        key = (str(program), self._identity, options)
        if key not in _projections:
            while len(_projections) >= _MOST_PROJECTIONS:
                _projections.pop(next(iter(_projections)), None)
            _projections[key] = fit_params.project(program, Path(self.model.path), options)
        return _projections[key]


_MOST_PROJECTIONS: Final = 64
# A run takes about a second and its answer depends on nothing but these: program, files, options.
_projections: dict[tuple[object, ...], fit_params.Projection | None] = {}


def program_is_installed() -> bool:
    return fit_params.find_program(settings.LLAMA_SERVER_BIN or None) is not None


def _from_estimate(estimated: MemoryEstimate) -> Need:
    return Need(
        source=estimated.source,
        weights_bytes=estimated.weights_bytes,
        cache_bytes=estimated.kv_bytes + estimated.recurrent_bytes,
        compute_bytes=estimated.compute_bytes,
        device_bytes=estimated.device_bytes,
        host_bytes=estimated.host_bytes,
        is_lower_bound=estimated.lower_bound,
        notes=estimated.notes,
        estimate=estimated,
    )


def can_be_asked_exactly(spot: Spot) -> bool:
    """llama-fit-params takes all GPUs it finds: its answer holds for one spot of these only."""
    n_gpus = sum(device.kind == "gpu" for device in capacity.devices())
    return n_gpus == 0 or (spot.key == ALL_GPUS if n_gpus > 1 else not spot.is_ram)
