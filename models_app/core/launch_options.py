"""The llama-server options that decide how much memory a model takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from models_app.core.hyperparameters import MAX_VALUE, EstimateError

# Cache types llama-server accepts: name -> (elements per block, bytes per block).
CACHE_TYPES: Final[dict[str, tuple[int, int]]] = {
    "f32": (1, 4), "f16": (1, 2), "bf16": (1, 2), "q8_0": (32, 34), "q5_1": (32, 24),
    "q5_0": (32, 22), "q4_1": (32, 20), "q4_0": (32, 18), "iq4_nl": (32, 18),
}  # fmt: skip
MAX_PARALLEL: Final = 256  # llama.cpp's own limit of sequences
MAX_UBATCH: Final = 65_536


@dataclass(frozen=True, slots=True)
class Options:
    """Named after the flags: -c, -np, -ub, -ctk, -ctv, -ngl, -kvu, --swa-full, -fa, --cpu-moe.

    `gpu_layers` counts as llama.cpp does: the first is the output layer, then the repeated layers
    from the last to the first, so a model of 32 layers is all on the GPU from 33 on.
    """

    ctx: int = 4096  # tokens of all sequences together; 0 is what the model was trained for
    parallel: int = 1
    ubatch: int = 512
    type_k: str = "f16"
    type_v: str = "f16"
    gpu_layers: int = 0
    unified: bool = False
    swa_full: bool = False
    flash_attention: bool = True
    cpu_moe: bool = False

    def __post_init__(self) -> None:
        _check_range("the context", self.ctx, 0, MAX_VALUE)
        _check_range("the number of parallel requests", self.parallel, 1, MAX_PARALLEL)
        _check_range("the micro-batch", self.ubatch, 1, MAX_UBATCH)
        _check_range("the number of GPU layers", self.gpu_layers, 0, MAX_VALUE)
        for name in (self.type_k, self.type_v):
            if name not in CACHE_TYPES:
                raise EstimateError(f"the cache type must be one of {', '.join(CACHE_TYPES)}")
        if CACHE_TYPES[self.type_v][0] > 1 and not self.flash_attention:
            raise EstimateError("a quantized V cache needs flash attention")

    @property
    def streams(self) -> int:
        """Caches kept apart: one for all sequences, or one each."""
        return 1 if self.unified else self.parallel


def _check_range(what: str, value: int, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:
        raise EstimateError(f"{what} must be a number from {low} to {high}")
