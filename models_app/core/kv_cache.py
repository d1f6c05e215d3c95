"""What llama.cpp keeps for each layer and sequence: attention caches and recurrent states.

The rules follow llama.cpp of autumn 2026 (b11549). The attention part equals its own figures on the
ten reference cases of the tests, the states of Mamba and LFM2 equal what the engine reports. The
other recurrent architectures follow its source but were not compared with a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from models_app.core.architectures import (
    DELTA_ATTENTION,
    ENCODER_DECODERS,
    ENCODERS,
    MAMBA_HYBRIDS,
    PLAIN_DECODERS,
    RWKV,
    SHORT_CONVOLUTIONS,
)
from models_app.core.hyperparameters import EstimateError, Hyperparameters
from models_app.core.launch_options import CACHE_TYPES, Options

# llama.cpp rounds cell counts up to this.
CELL_MULTIPLE: Final = 256

# Period of the sliding-window layers where the file does not state it. phi3 carries a window that
# llama.cpp does not use, and so does every "llama" file: they are absent on purpose.
_WINDOW_PERIODS: Final = {
    "gemma2": 2, "gpt-oss": 2, "gemma3": 6, "gemma3n": 5, "cohere2": 4, "exaone4": 4,
    "exaone-moe": 4, "olmo2": 4, "llama4": 4, "afmoe": 4, "mellum": 4, "cohere2moe": 4,
    "smallthinker": 4, "plamo3": 8,
}  # fmt: skip
_WINDOW_IGNORED: Final = {"llama", "phi3"}
_FULL_LAYER_FIRST: Final = {"cohere2moe", "smallthinker"}
_LAYERS_WITH_OWN_CACHE: Final = {"gemma3n": 20}
_ALL_RECURRENT: Final = {"mamba", "mamba2"}
_BOTH_IN_EVERY_LAYER: Final = {"falcon-h1"}
_FULL_ATTENTION_INTERVAL: Final = {"qwen3next": 4, "qwen35": 4, "qwen35moe": 4}
# Whose states were compared with what the engine reports (tests/live).
CHECKED_STATES: Final = frozenset({"mamba", "lfm2"})
# Here a layer without attention is recurrent only if it has no feed-forward part either.
_PLAIN_FEED_FORWARD_LAYERS: Final = {"nemotron_h", "nemotron_h_moe", "nemotron-h"}
_RWKV_SHIFTS: Final = 2  # what llama.cpp takes where the file does not state it
_RULES_KNOWN: Final = frozenset().union(
    PLAIN_DECODERS, ENCODERS, RWKV, MAMBA_HYBRIDS, SHORT_CONVOLUTIONS, DELTA_ATTENTION,
    _ALL_RECURRENT, _BOTH_IN_EVERY_LAYER, _FULL_ATTENTION_INTERVAL,
)  # fmt: skip
# These keep further caches whose size is not modelled.
_FURTHER_CACHES: Final = ENCODER_DECODERS | {
    "deepseek32", "deepseek4", "glm-dsa", "minimax-m3", "kimi-k3", "dots3note", "qwen4exp",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LayerCache:
    """One layer's needs. Bytes of a cell cover K and V of one token of one sequence."""

    cell_bytes: int = 0
    state_bytes: int = 0  # of one sequence, whatever the context
    sliding: bool = False


@dataclass(frozen=True, slots=True)
class CachePlan:
    layers: tuple[LayerCache, ...]
    window: int  # tokens; 0 when no layer slides
    lower_bound: bool
    rules_known: bool = True  # False: counted as plain attention, for want of anything better

    def attention_bytes(self, options: Options, context: int) -> list[int]:
        """Per layer, all sequences together, for this context."""
        full = cells(context, options)
        windowed = self._window_cells(full, options)
        return [
            (windowed if layer.sliding else full) * options.streams * layer.cell_bytes
            for layer in self.layers
        ]

    def masked_cells(self, options: Options, context: int) -> int:
        """Columns of the attention masks: one mask for full layers, one for sliding ones."""
        full = cells(context, options)
        kinds = {layer.sliding for layer in self.layers if layer.cell_bytes}
        return sum(self._window_cells(full, options) if sliding else full for sliding in kinds)

    def state_bytes(self, options: Options) -> list[int]:
        return [layer.state_bytes * options.parallel for layer in self.layers]

    def bytes_per_token(self, options: Options) -> int:
        """What each further token costs once every sliding window is full."""
        grows = (layer for layer in self.layers if options.swa_full or not layer.sliding)
        return sum(layer.cell_bytes for layer in grows)

    def _window_cells(self, full: int, options: Options) -> int:
        if options.swa_full:
            return full
        sequences = options.parallel if options.unified else 1
        return pad(min(full, self.window * sequences + options.ubatch), CELL_MULTIPLE)


def pad(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def cells(context: int, options: Options) -> int:
    """Cells of one stream: llama.cpp rounds the whole context up, then each share of it."""
    whole = pad(context, CELL_MULTIPLE)
    return pad(whole // options.streams, CELL_MULTIPLE)


def cache_plan(hp: Hyperparameters, options: Options) -> CachePlan:
    """Raises EstimateError when the model does not state enough, or contradicts itself."""
    count = hp.layers()
    further = hp.architecture in _FURTHER_CACHES or hp.has_any("attention.indexer.")
    known = further or hp.architecture in _RULES_KNOWN
    if is_encoder(hp):  # nothing is kept between batches
        nothing = (LayerCache(),) * count
        return CachePlan(nothing, 0, lower_bound=not known, rules_known=known)
    window = hp.integer("attention.sliding_window") or 0
    sliding = _sliding_layers(hp, count)
    own = _layers_with_own_cache(hp, count)
    layers = tuple(
        _layer(hp, options, i, sliding=sliding[i], own_cache=i < own) for i in range(count)
    )
    return CachePlan(layers, window, lower_bound=further or not known, rules_known=known)


def is_encoder(hp: Hyperparameters) -> bool:
    return hp.architecture in ENCODERS or hp.is_false("attention.causal")


def _layers_with_own_cache(hp: Hyperparameters, count: int) -> int:
    shared = hp.integer("attention.shared_kv_layers") or 0
    return min(_LAYERS_WITH_OWN_CACHE.get(hp.architecture, count), count - shared)


def _layer(
    hp: Hyperparameters, options: Options, layer: int, *, sliding: bool, own_cache: bool
) -> LayerCache:
    heads = hp.integer("attention.head_count", layer) or 0
    kv_heads = hp.integer("attention.head_count_kv", layer)
    kv_heads = heads if kv_heads is None else kv_heads
    state = _state_bytes(hp, layer, heads, kv_heads)
    if not own_cache or (state is not None and hp.architecture not in _BOTH_IN_EVERY_LAYER):
        return LayerCache(state_bytes=state or 0)
    if not heads and not kv_heads and hp.integer("attention.head_count_kv") is None:
        hp.needed("attention.head_count")  # nothing stated is not the same as no attention
    cell = _cell_bytes(hp, options, heads, kv_heads, sliding)
    return LayerCache(cell, state or 0, sliding)


def _sliding_layers(hp: Hyperparameters, count: int) -> list[bool]:
    if not hp.integer("attention.sliding_window") or hp.architecture in _WINDOW_IGNORED:
        return [False] * count
    pattern = hp.flags("attention.sliding_window_pattern")
    if pattern is not None:
        return [layer < len(pattern) and pattern[layer] for layer in range(count)]
    period = hp.integer("attention.sliding_window_pattern")
    if period is None:
        period = _WINDOW_PERIODS.get(hp.architecture, 0)
    if period == 0:
        return [False] * count
    if hp.architecture in _FULL_LAYER_FIRST:
        return [layer % period != 0 for layer in range(count)]
    return [layer % period < period - 1 for layer in range(count)]


def _cell_bytes(
    hp: Hyperparameters, options: Options, heads: int, kv_heads: int, sliding: bool
) -> int:
    if not kv_heads:
        return 0
    key = _head_size(hp, "key", heads, sliding)
    size = _row_bytes(key, kv_heads, options.type_k)
    # Latent attention (MLA) keeps one compressed K row and no V. Old conversions lack this key
    # and keep K and V of all heads.
    if hp.integer("attention.key_length_mla"):
        return size
    return size + _row_bytes(_head_size(hp, "value", heads, sliding), kv_heads, options.type_v)


def _head_size(hp: Hyperparameters, part: str, heads: int, sliding: bool) -> int:
    size = hp.integer(f"attention.{part}_length_swa") if sliding else None
    size = size or hp.integer(f"attention.{part}_length")
    if not size and heads:
        size = hp.needed("embedding_length") // heads
    if not size:
        raise EstimateError(f"the model does not state the size of an attention head ({part})")
    return size


def _row_bytes(head_size: int, kv_heads: int, cache_type: str) -> int:
    block, block_bytes = CACHE_TYPES[cache_type]
    if head_size % block:
        raise EstimateError(
            f"cache type {cache_type} needs heads of a multiple of {block}; "
            f"this model's have {head_size}"
        )
    return head_size * kv_heads // block * block_bytes


def _state_bytes(hp: Hyperparameters, layer: int, heads: int, kv_heads: int) -> int | None:
    """F32 bytes of one sequence's recurrent state in this layer; None where it has none."""
    if hp.architecture in RWKV or hp.integer("token_shift_count") is not None:
        return _rwkv_state_bytes(hp)
    if kv_heads == 0 and _has(hp, SHORT_CONVOLUTIONS, "shortconv.l_cache"):
        kept = hp.needed("shortconv.l_cache")
        return 4 * hp.needed("embedding_length") * max(0, kept - 1)
    if kv_heads == 0 and _has(hp, DELTA_ATTENTION, "kda.head_dim"):
        head, kernel = hp.needed("kda.head_dim"), hp.needed("ssm.conv_kernel")
        return 4 * heads * head * (3 * max(0, kernel - 1) + head)
    return _mamba_state_bytes(hp) if _is_mamba_like(hp, layer, kv_heads) else None


def _has(hp: Hyperparameters, architectures: frozenset[str], key: str) -> bool:
    return hp.architecture in architectures or hp.integer(key) is not None


def _rwkv_state_bytes(hp: Hyperparameters) -> int:
    shifts = hp.integer("token_shift_count")
    rows = (_RWKV_SHIFTS if shifts is None else shifts) + hp.needed("wkv.head_size")
    return 4 * hp.needed("embedding_length") * rows


def _is_mamba_like(hp: Hyperparameters, layer: int, kv_heads: int) -> bool:
    architecture = hp.architecture
    if architecture in _ALL_RECURRENT or architecture in _BOTH_IN_EVERY_LAYER:
        return True
    interval = _FULL_ATTENTION_INTERVAL.get(architecture)
    if interval is not None:
        return (layer + 1) % (hp.integer("full_attention_interval") or interval) != 0
    if kv_heads or not _has(hp, MAMBA_HYBRIDS, "ssm.inner_size"):
        return False
    return architecture not in _PLAIN_FEED_FORWARD_LAYERS or not hp.integer(
        "feed_forward_length", layer
    )


def _mamba_state_bytes(hp: Hyperparameters) -> int:
    kernel = max(0, hp.needed("ssm.conv_kernel") - 1)
    inner, state = hp.needed("ssm.inner_size"), hp.needed("ssm.state_size")
    groups = hp.integer("ssm.group_count") or 0  # Mamba 1 has none
    return 4 * (kernel * (inner + 2 * groups * state) + state * inner)
