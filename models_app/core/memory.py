"""How much memory llama-server will take for a model, and what fits into a given amount.

Where `llama-fit-params` is installed it is the truth for one model
(models_app.memory.fit_params); these formulas serve lists, previews and machines without it.
Everything is bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar, Final

from models_app.core.compute_buffer import compute_bytes
from models_app.core.hyperparameters import (
    MAX_VALUE,
    EstimateError,
    Hyperparameters,
    estimate_keys,
)
from models_app.core.kv_cache import CELL_MULTIPLE, CHECKED_STATES, cache_plan, is_encoder
from models_app.core.launch_options import CACHE_TYPES, Options
from models_app.core.tensors import MAX_SUM, TensorSummary

__all__ = [
    "CACHE_TYPES",
    "FIT_MARGIN_BYTES",
    "EstimateError",
    "MemoryEstimate",
    "Options",
    "estimate",
    "estimate_keys",
    "largest_context",
    "layers_that_fit",
]

# What llama-server itself leaves free on each GPU when it fits a model.
FIT_MARGIN_BYTES: Final = 1024 << 20


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """The parts sum up to `total_bytes`, and so do `device_bytes` and `host_bytes`."""

    source: ClassVar[str] = "estimate"

    weights_bytes: int  # includes the second copy of a tied embedding on the GPU
    kv_bytes: int
    recurrent_bytes: int
    compute_bytes: int
    device_bytes: int
    host_bytes: int
    bytes_per_token: int  # of KV cache, for each further token of context
    context: int  # tokens of all sequences together
    layers: int  # what `gpu_layers` counts: the repeated layers and the output
    gpu_layers: int
    lower_bound: bool  # the architecture keeps more than is counted, or may: show "at least"
    notes: tuple[str, ...]  # one plain sentence for each part: how well it is known

    @property
    def cache_bytes(self) -> int:
        """What llama.cpp calls context: KV cache and recurrent state."""
        return self.kv_bytes + self.recurrent_bytes

    @property
    def total_bytes(self) -> int:
        return self.device_bytes + self.host_bytes


def estimate(
    values: Mapping[str, object], summary: TensorSummary, options: Options
) -> MemoryEstimate:
    """`values` are a header's key-values, just read or stored. Raises EstimateError, only."""
    return _Model(values, summary, options).estimate()


def layers_that_fit(
    values: Mapping[str, object], summary: TensorSummary, options: Options, device_bytes: int
) -> int:
    """The largest useful `gpu_layers` for this much GPU memory; 0 if not even one layer fits."""
    model = _Model(values, summary, options)
    shares = model.device_shares(model.context)
    return max(k for k, share in enumerate(shares) if share <= device_bytes or k == 0)


def largest_context(
    values: Mapping[str, object],
    summary: TensorSummary,
    options: Options,
    *,
    device_bytes: int | None = None,
    host_bytes: int | None = None,
) -> int | None:
    """The largest `ctx` within the limits given; None if not even the smallest fits.

    All sequences together, at most what the model was trained for in each of them. The smallest
    step is what llama.cpp rounds to, so no better answer lies between two of them.
    """
    model = _Model(values, summary, options)
    step = CELL_MULTIPLE * options.streams
    low, high = 0, min(MAX_VALUE, max(step, model.trained_context() * options.streams)) // step
    while low < high:
        middle = (low + high + 1) // 2
        if model.fits(middle * step, device_bytes, host_bytes):
            low = middle
        else:
            high = middle - 1
    return low * step or None


class _Model:
    """What does not change with the context, prepared once for a search over contexts."""

    def __init__(
        self, values: Mapping[str, object], summary: TensorSummary, options: Options
    ) -> None:
        if not summary.count:
            raise EstimateError("the size of the weights is not known: no tensor list was read")
        self.hp = Hyperparameters(values)
        self.summary = summary
        self.options = options
        self.blocks = self.hp.blocks()
        self.encoder = is_encoder(self.hp)
        self.plan = cache_plan(self.hp, options)
        self.context = options.ctx or self.trained_context()
        self.states = self.plan.state_bytes(options)
        self.gpu_layers = min(options.gpu_layers, self.blocks + 1)
        # Encoders have no output matrix at all, so theirs is not copied either.
        self.tied_copy = summary.embedding if summary.tied and not self.encoder else 0

    def trained_context(self) -> int:
        return max(1, self.hp.needed("context_length"))

    def fits(self, context: int, device_bytes: int | None, host_bytes: int | None) -> bool:
        device = self.device_shares(context)[self.gpu_layers]
        host = self._total(context) - device
        return (device_bytes is None or device <= device_bytes) and (
            host_bytes is None or host <= host_bytes
        )

    def device_shares(self, context: int) -> list[int]:
        """Bytes on the GPU for every `gpu_layers` from 0 to all of them.

        llama.cpp places the output first, then the repeated layers from the last to the first
        (until the end of 2025 it placed the output last).
        """
        kv = self.plan.attention_bytes(self.options, context)
        steps = [self.compute_bytes(context) + self.summary.output + self.tied_copy]
        for block in reversed(range(self.blocks)):
            cached = kv[block] + self.states[block] if block < len(kv) else 0
            steps.append(self._block_weights(block) + cached)
        return [0, *accumulate(steps)]

    def compute_bytes(self, context: int) -> int:
        vocabulary = 0 if self.encoder else self._vocabulary()
        return compute_bytes(self.hp, self.plan, self.options, context, vocabulary)

    def estimate(self) -> MemoryEstimate:
        kv = sum(self.plan.attention_bytes(self.options, self.context))
        device = self.device_shares(self.context)[self.gpu_layers]
        total = self._total(self.context)
        if total > MAX_SUM:
            raise EstimateError("the figures the model states cannot be true")
        return MemoryEstimate(
            weights_bytes=self._weights(),
            kv_bytes=kv,
            recurrent_bytes=sum(self.states),
            compute_bytes=self.compute_bytes(self.context),
            device_bytes=device,
            host_bytes=total - device,
            bytes_per_token=self.plan.bytes_per_token(self.options),
            context=self.context,
            layers=self.blocks + 1,
            gpu_layers=self.gpu_layers,
            lower_bound=self.plan.lower_bound,
            notes=tuple(self._notes()),
        )

    def _weights(self) -> int:
        return self.summary.nbytes + (self.tied_copy if self.gpu_layers else 0)

    def _total(self, context: int) -> int:
        kv = sum(self.plan.attention_bytes(self.options, context))
        return self._weights() + kv + sum(self.states) + self.compute_bytes(context)

    def _block_weights(self, block: int) -> int:
        if block >= len(self.summary.layers):
            return 0
        kept_in_host = self.summary.experts[block] if self.options.cpu_moe else 0
        return self.summary.layers[block] - kept_in_host

    def _vocabulary(self) -> int:
        rows = self.summary.vocabulary_rows or self.hp.token_count()
        return rows or self.hp.needed("vocab_size")

    def _notes(self) -> list[str]:
        notes = ["Weights: the sum of the file's tensors; a projector is not included."]
        if self.gpu_layers and self.tied_copy:
            notes.append("The token embedding is also the output matrix: the GPU has a copy.")
        if not self.plan.rules_known:
            notes.append(
                "KV cache: at least this; the rules of this architecture are not known, it may "
                "keep more."
            )
        elif self.encoder:
            notes.append("KV cache: none, an encoder keeps nothing between requests.")
        elif self.plan.lower_bound:
            notes.append("KV cache: at least this; the architecture keeps more than is counted.")
        else:
            notes.append("KV cache: by llama.cpp's own rules.")
        if any(self.states):
            checked = self.hp.architecture in CHECKED_STATES
            notes.append(
                "Recurrent state: by llama.cpp's own rules."
                if checked
                else "Recurrent state: from llama.cpp's source, not checked against a run."
            )
        notes.append("Compute buffer: an estimate; recent llama-server builds take less.")
        if self.gpu_layers:
            notes.append("A GPU driver takes some hundred MiB more, as a rule of thumb.")
        return notes
