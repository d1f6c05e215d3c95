"""The tensors of the demo models: random ones, and those that recite one sentence."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise

from models_app.core.demo_vocabularies import SENTENCE_END, SentenceVocabulary
from models_app.core.gguf_writer import F32, GGUFWriter, Matrix, Value, Vector


class Weights:
    """Random matrices, the same ones on every machine."""

    def __init__(self, seed: str) -> None:
        # Uniform, not normal: gauss() goes through the C library's log and cos, whose last bit
        # differs between machines.
        self._uniform = random.Random(seed).uniform  # noqa: S311 - weights, not secrets

    def __call__(self, rows: int, width: int, spread: float) -> Matrix:
        return [[self._uniform(-spread, spread) for _ in range(width)] for _ in range(rows)]


def ones(count: int) -> Vector:
    return [1.0] * count


def zeros(count: int) -> Vector:
    return [0.0] * count


@dataclass(frozen=True)
class Shape:
    width: int
    layers: int
    inner: int
    heads: int
    kv_heads: int
    head_width: int

    def decoder_values(self, context: int) -> dict[str, Value]:
        return {
            ".context_length": context,
            ".embedding_length": self.width,
            ".block_count": self.layers,
            ".feed_forward_length": self.inner,
            ".attention.head_count": self.heads,
            ".attention.head_count_kv": self.kv_heads,
            # llama.cpp derives these from width / heads, which is not the head size here.
            ".attention.key_length": self.head_width,
            ".attention.value_length": self.head_width,
            ".rope.dimension_count": self.head_width,
            ".rope.freq_base": 10000.0,
            ".attention.layer_norm_rms_epsilon": 1e-5,
        }

    def decoder_matrices(self) -> dict[str, tuple[int, int]]:
        """Rows and row length of each matrix of a layer."""
        query, key = self.heads * self.head_width, self.kv_heads * self.head_width
        return {
            "attn_q": (query, self.width),
            "attn_k": (key, self.width),
            "attn_v": (key, self.width),
            "attn_output": (self.width, query),
            "ffn_gate": (self.inner, self.width),
            "ffn_up": (self.inner, self.width),
            "ffn_down": (self.width, self.inner),
        }

    def encoder_values(self, context: int) -> dict[str, Value]:
        return {
            ".context_length": context,
            ".embedding_length": self.width,
            ".block_count": self.layers,
            ".feed_forward_length": self.inner,
            ".attention.head_count": self.heads,
            ".attention.layer_norm_epsilon": 1e-12,
            ".attention.causal": False,
        }

    def encoder_matrices(self) -> dict[str, tuple[int, int]]:
        square = (self.width, self.width)
        return {
            **dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_output"), square),
            "ffn_up": (self.inner, self.width),
            "ffn_down": (self.width, self.inner),
        }


def put_decoder_layers(out: GGUFWriter, shape: Shape, weights: Weights, spread: float) -> None:
    for layer in range(shape.layers):
        _put_norms(out, layer, shape.width)
        for name, (rows, width) in shape.decoder_matrices().items():
            out.matrix(f"blk.{layer}.{name}.weight", weights(rows, width, spread))


def put_hollow_layers(out: GGUFWriter, shape: Shape) -> None:
    """Layers of zeros: they add nothing to the result and cost their whole computation."""
    for layer in range(shape.layers):
        _put_norms(out, layer, shape.width)
        for name, (rows, width) in shape.decoder_matrices().items():
            out.hole(f"blk.{layer}.{name}.weight", rows, width)


def _put_norms(out: GGUFWriter, layer: int, width: int) -> None:
    out.vector(f"blk.{layer}.attn_norm.weight", ones(width))
    out.vector(f"blk.{layer}.ffn_norm.weight", ones(width))


def put_query_key_norms(out: GGUFWriter, shape: Shape) -> None:
    for layer in range(shape.layers):
        out.vector(f"blk.{layer}.attn_q_norm.weight", ones(shape.head_width))
        out.vector(f"blk.{layer}.attn_k_norm.weight", ones(shape.head_width))


def put_random_ends(out: GGUFWriter, tokens: int, width: int, weights: Weights) -> None:
    out.matrix("token_embd.weight", weights(tokens, width, 1.7))
    out.vector("output_norm.weight", ones(width))
    out.matrix("output.weight", weights(tokens, width, 0.5))


def put_reciting_ends(out: GGUFWriter, vocabulary: SentenceVocabulary) -> None:
    """Makes the next token depend on the last one only.

    A token's embedding is the unit vector of its own id, so the output matrix is a table of what
    follows what: each piece is followed by the next, everything else by the first.
    """
    size, pieces = len(vocabulary), vocabulary.pieces
    embedding = [[0.0] * size for _ in range(size)]
    output = [[0.0] * size for _ in range(size)]
    following = dict(pairwise(pieces)) | {pieces[-1]: SENTENCE_END}
    for token in range(size):
        embedding[token][token] = 1.0
        output[following.get(token, pieces[0])][token] = 1.0
    # Second choice after the end: a client that ignores the end token hears it all over again.
    output[pieces[0]][pieces[-1]] = 0.5
    out.matrix("token_embd.weight", embedding)
    out.vector("output_norm.weight", ones(size))
    out.matrix("output.weight", output)


def put_encoder(out: GGUFWriter, shape: Shape, tokens: int, context: int, weights: Weights) -> None:
    width = shape.width
    out.matrix("token_embd.weight", weights(tokens, width, 1.7))
    out.matrix("token_types.weight", weights(2, width, 0.03), F32)
    out.matrix("position_embd.weight", weights(context, width, 0.08), F32)
    _put_with_bias(out, "token_embd_norm", width)
    for layer in range(shape.layers):
        for name, (rows, columns) in shape.encoder_matrices().items():
            out.matrix(f"blk.{layer}.{name}.weight", weights(rows, columns, 0.17))
            out.vector(f"blk.{layer}.{name}.bias", zeros(rows))
        _put_with_bias(out, f"blk.{layer}.attn_output_norm", width)
        _put_with_bias(out, f"blk.{layer}.layer_output_norm", width)


def _put_with_bias(out: GGUFWriter, name: str, width: int) -> None:
    out.vector(f"{name}.weight", ones(width))
    out.vector(f"{name}.bias", zeros(width))


def put_ranking_head(out: GGUFWriter, width: int, weights: Weights) -> None:
    out.matrix("cls.weight", weights(width, width, 0.17), F32)
    out.vector("cls.bias", zeros(width))
    out.matrix("cls.output.weight", weights(1, width, 0.5), F32)
    out.vector("cls.output.bias", zeros(1))
