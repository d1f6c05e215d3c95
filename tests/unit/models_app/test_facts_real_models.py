"""Figures of real models, from their real shapes: parameters and bits per weight as published."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from models_app.core.facts import Facts, derive
from models_app.core.file_names import parse_file_name
from models_app.core.gguf import read
from models_app.core.tensors import summarise
from tests.fakes.gguf_models import TensorLine, decoder_tensors, llama_31_8b, llama_like
from tests.fakes.headers import decoder_header, summary_of


def facts_of_file(path: Path) -> Facts:
    header = read(path)
    return derive(header, summarise(header.tensors), parse_file_name(path.name))


def qwen25_7b() -> Iterator[TensorLine]:
    yield from decoder_tensors(
        layers=28, embedding=3584, kv_width=512, feed_forward=18944, vocab=152064, label="Q4_K_M"
    )
    for layer in range(28):
        for part, width in (("q", 3584), ("k", 512), ("v", 512)):
            yield f"blk.{layer}.attn_{part}.bias", (width,), "F32"


def gemma2_9b() -> Iterator[TensorLine]:
    """Query rows wider than the model, two more norms, one matrix for input and output."""
    usual = decoder_tensors(
        layers=42,
        embedding=3584,
        kv_width=2048,
        feed_forward=14336,
        vocab=256000,
        label="Q4_K_M",
        tied=True,
    )
    shapes = {"attn_q": (3584, 4096), "attn_output": (4096, 3584)}
    for name, dims, kind in usual:
        part = name.split(".")[2] if name.startswith("blk.") else name
        yield name, shapes.get(part, dims), kind
    for layer in range(42):
        for norm in ("post_attention_norm", "post_ffw_norm"):
            yield f"blk.{layer}.{norm}.weight", (3584,), "F32"


def test_llama_31_8b_has_8030_million_parameters_of_4_894_bits(tmp_path: Path) -> None:
    path = llama_31_8b(tmp_path / "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf")
    facts = facts_of_file(path)
    assert round((facts.parameters or 0) / 1e9, 3) == 8.030
    assert round(facts.bits_per_weight or 0, 3) == 4.894
    assert (facts.kind, facts.quantization.text) == ("chat", "Q4_K_M")
    assert (facts.layers, facts.heads, facts.kv_heads) == (32, 32, 8)
    assert (facts.context_length, facts.vocabulary) == (131_072, 128_256)


@pytest.mark.parametrize(
    ("lines", "billions", "bits"),
    [(qwen25_7b, 7.616, 4.913), (gemma2_9b, 9.242, 4.982)],
    ids=["Qwen2.5 7B", "Gemma 2 9B"],
)
def test_published_figures_come_out(lines: object, billions: float, bits: float) -> None:
    summary = summary_of(lines())  # type: ignore[operator]
    facts = derive(decoder_header(**{"general.file_type": 15}), summary)
    assert round((facts.parameters or 0) / 1e9, 3) == billions
    assert round(facts.bits_per_weight or 0, 3) == bits
    assert facts.quantization.text == "Q4_K_M"


def test_the_shards_of_a_model_add_up_to_the_whole(tmp_path: Path) -> None:
    whole = summarise(read(llama_like(tmp_path / "whole.gguf", layers=4)).tensors)
    names = [tmp_path / f"x-0000{n + 1}-of-00003.gguf" for n in range(3)]
    shards = [llama_like(path, layers=4, split=(n, 3)) for n, path in enumerate(names)]
    tensors = [tensor for shard in shards for tensor in read(shard).tensors]
    assert summarise(tensors) == whole
    facts = derive(read(shards[0]), whole)
    assert (facts.kind, facts.quantization.text) == ("chat", "Q4_K_M")
