"""Scratch memory of one micro-batch.

llama.cpp lays the intermediate results of the whole graph into one buffer and reuses space, so its
size is that of the hungriest phase. Each phase below was measured with llama.cpp b11549 on its CPU
backend (512 and 2048 tokens a micro-batch, contexts of 4 k to 128 k):

* layers: three feed-forward rows and five hidden rows a token, an attention mask of two bytes a
  cell. Within 0.1 MiB on Llama 3.1 8B, Gemma 2 9B, Mixtral 8x7B and LFM2.
* logits: one row of the vocabulary and two hidden rows a token, for experts their rows as well.
  Within 0.1 MiB of what llama-fit-params says on three dense models, 25 MiB above on DeepSeek V2
  Lite. llama-server of late 2026 keeps logits only for the few tokens it samples from, so it takes
  less: 132 instead of 267 MiB for Llama 3.1 8B. Other builds do not, and so the estimate stays
  with the larger figure.
* scores: without flash attention, one number for each head and cell, and the mask in four bytes.
  Within 4 MiB on Llama 3.1 8B, 19 below on Gemma 2 9B.
"""

from __future__ import annotations

from typing import Final

from models_app.core.hyperparameters import Hyperparameters
from models_app.core.kv_cache import CELL_MULTIPLE, CachePlan, cells, pad
from models_app.core.launch_options import Options

_F32_BYTES: Final = 4
_F16_BYTES: Final = 2
_STATE_ROWS: Final = 8  # of the inner size; Mamba took 7.5


def compute_bytes(
    hp: Hyperparameters, plan: CachePlan, options: Options, context: int, vocabulary: int
) -> int:
    """`vocabulary` is 0 for a model without logits."""
    width = hp.needed("embedding_length")
    masked = plan.masked_cells(options, context)
    if options.flash_attention:
        attention = _F32_BYTES * _layer_row(hp, width) + _F16_BYTES * masked
    else:
        heads = hp.integer("attention.head_count") or 0
        scores = heads * cells(context, options) + masked + 7 * width
        attention = _F32_BYTES * max(scores, _layer_row(hp, width))
    logits = vocabulary + 2 * width + _expert_rows(hp, width) if vocabulary else 0
    # No micro-batch is longer than the whole context, rounded up.
    tokens = min(options.ubatch, pad(context, CELL_MULTIPLE))
    return tokens * max(attention, _F32_BYTES * logits)


def _layer_row(hp: Hyperparameters, width: int) -> int:
    dense = hp.integer("feed_forward_length") or 0
    experts = (hp.integer("expert_used_count") or 0) * _expert_width(hp)
    inner = hp.integer("ssm.inner_size") or 0
    return max(3 * max(dense, experts) + 5 * width, _STATE_ROWS * inner)


def _expert_rows(hp: Hyperparameters, width: int) -> int:
    if not hp.integer("expert_count"):
        return 0
    return (hp.integer("expert_used_count") or 0) * (2 * _expert_width(hp) + width)


def _expert_width(hp: Hyperparameters) -> int:
    width = hp.integer("expert_feed_forward_length") or hp.integer("feed_forward_length")
    return width or 0
