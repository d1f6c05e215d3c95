"""Realistic model files in milliseconds: real tensor lists and vocabularies, data left sparse."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from models_app.core.quantization import FILE_TYPES
from tests.fakes.gguf_writer import F32, I32, Data, GGUFBuilder, Plain, Typed, array, strings

TensorLine = tuple[str, tuple[int, ...], str]

CHAT_TEMPLATE: Final = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}{% endfor %}"
)


def llama_like(
    path: Path,
    *,
    arch: str = "llama",
    name: str | None = "Tiny Llama",
    layers: int = 2,
    embedding: int = 256,
    heads: int = 4,
    kv_heads: int = 2,
    feed_forward: int = 512,
    context: int = 4096,
    file_type: int | None = 15,
    vocab: int = 320,
    merges: int = 0,
    template: str | None = CHAT_TEMPLATE,
    tied: bool = False,
    split: tuple[int, int] | None = None,
    data: Data = "sparse",
    tensors: Sequence[TensorLine] | None = None,
    values: Mapping[str, Plain | Sequence[Plain] | Typed | None] | None = None,
) -> Path:
    """A decoder's file; small by default, so that a thousand of them are quick.

    `file_type` also decides how the matrices are stored, as llama-quantize would. `split` is
    (number from 0, total): shard 0 carries the metadata, every shard its part of the tensors.
    `values` adds or replaces key-values; None leaves a key out.
    """
    keys: dict[str, Plain | Sequence[Plain] | Typed | None] = {
        "general.architecture": arch,
        "general.type": "model",
        "general.name": name,
        f"{arch}.block_count": layers,
        f"{arch}.context_length": context,
        f"{arch}.embedding_length": embedding,
        f"{arch}.feed_forward_length": feed_forward,
        f"{arch}.attention.head_count": heads,
        f"{arch}.attention.head_count_kv": kv_heads,
        f"{arch}.attention.layer_norm_rms_epsilon": 1e-5,
        f"{arch}.rope.dimension_count": embedding // heads,
        f"{arch}.vocab_size": vocab,
        **vocabulary(vocab, merges),
        # llama-quantize appends its keys: the file type comes behind the vocabulary
        "tokenizer.chat_template": template,
        "general.quantization_version": 2,
        "general.file_type": file_type,
        **(values or {}),
    }
    lines = (
        list(tensors)
        if tensors is not None
        else list(
            decoder_tensors(
                layers=layers,
                embedding=embedding,
                kv_width=embedding // heads * kv_heads,
                feed_forward=feed_forward,
                vocab=vocab,
                label=_label(file_type),
                tied=tied,
            )
        )
    )
    if split is not None:
        number, total = split
        marks = {"split.no": number, "split.count": total, "split.tensors.count": len(lines)}
        keys = {**(keys if number == 0 else {}), **marks}
        lines = lines[len(lines) * number // total : len(lines) * (number + 1) // total]
    builder = GGUFBuilder()
    for key, value in keys.items():
        if value is not None:
            builder.value(key, value)
    for line in lines:
        builder.tensor(*line)
    return builder.write(path, data)


def llama_31_8b(path: Path, *, data: Data = "sparse") -> Path:
    """The header of Llama 3.1 8B Instruct Q4_K_M: 8.030 B parameters in 4.92 GB."""
    return llama_like(
        path,
        name="Meta Llama 3.1 8B Instruct",
        layers=32,
        embedding=4096,
        heads=32,
        kv_heads=8,
        feed_forward=14336,
        context=131_072,
        vocab=128_256,
        merges=280_147,
        data=data,
    )


def decoder_tensors(
    *,
    layers: int,
    embedding: int,
    kv_width: int,
    feed_forward: int,
    vocab: int,
    label: str,
    tied: bool = False,
) -> Iterator[TensorLine]:
    """The tensor list of a llama model quantized to `label`."""
    usual = _stored_as(label)
    more = {"Q4_K_M": "Q6_K", "Q5_K_M": "Q6_K"}.get(label, usual)
    output = "Q6_K" if "_K_" in label else usual
    if not tied:
        yield "output.weight", (embedding, vocab), output
    yield "token_embd.weight", (embedding, vocab), output if tied else usual
    for layer in range(layers):
        block = f"blk.{layer}"
        better = more if _gets_more_bits(layer, layers) else usual
        yield f"{block}.attn_norm.weight", (embedding,), "F32"
        yield f"{block}.attn_q.weight", (embedding, embedding), usual
        yield f"{block}.attn_k.weight", (embedding, kv_width), usual
        yield f"{block}.attn_v.weight", (embedding, kv_width), better
        yield f"{block}.attn_output.weight", (embedding, embedding), usual
        yield f"{block}.ffn_norm.weight", (embedding,), "F32"
        yield f"{block}.ffn_gate.weight", (embedding, feed_forward), usual
        yield f"{block}.ffn_up.weight", (embedding, feed_forward), usual
        yield f"{block}.ffn_down.weight", (feed_forward, embedding), better
    yield "output_norm.weight", (embedding,), "F32"


def vocabulary(tokens: int, merges: int = 0) -> dict[str, Typed | Plain]:
    """Tokenizer keys with `tokens` texts of the usual lengths (5 to 9 bytes and more)."""
    keys: dict[str, Typed | Plain] = {
        "tokenizer.ggml.model": "gpt2" if merges else "llama",
        "tokenizer.ggml.pre": "llama-bpe" if merges else "default",
        "tokenizer.ggml.tokens": strings(_tokens(tokens)),
        "tokenizer.ggml.token_type": array(I32, [1] * tokens),
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
    }
    if merges:
        keys["tokenizer.ggml.merges"] = strings(_merges(merges))
    else:
        keys["tokenizer.ggml.scores"] = array(F32, [-float(i) for i in range(tokens)])
    return keys


@functools.cache
def _tokens(count: int) -> tuple[bytes, ...]:
    return tuple(b"\xc4\xa0tok%d" % i for i in range(count))


@functools.cache
def _merges(count: int) -> tuple[bytes, ...]:
    return tuple(b"\xc4\xa0t%x ok%d" % (i % 4096, i % 997) for i in range(count))


def _label(file_type: int | None) -> str:
    known = FILE_TYPES.get(15 if file_type is None else file_type)
    return known.label if known else "Q4_K_M"


def _stored_as(label: str) -> str:
    return next((kind.dominant for kind in FILE_TYPES.values() if kind.label == label), "Q4_K")


def _gets_more_bits(layer: int, layers: int) -> bool:
    """The layers whose attn_v and ffn_down llama-quantize stores finer in the _M mixes."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2
