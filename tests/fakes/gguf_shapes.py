"""Small models of other architectures than llama, complete enough for the engine to plan them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.fakes.gguf_models import TensorLine, decoder_tensors, llama_like
from tests.fakes.gguf_writer import I32, Typed, array

WIDTH, VOCABULARY = 512, 320


def llama_small(path: Path) -> Path:
    return llama_like(path, layers=4, embedding=2048, heads=16, kv_heads=4, feed_forward=8192)


def experts_small(path: Path) -> Path:
    numbers = {"llama.expert_count": 8, "llama.expert_used_count": 2}
    return llama_like(path, embedding=2048, heads=16, kv_heads=4, feed_forward=4096,
                      tensors=list(_expert_tensors()), values=numbers)  # fmt: skip


def gemma2_small(path: Path) -> Path:
    numbers = {
        "gemma2.attention.key_length": 64,
        "gemma2.attention.value_length": 64,
        "gemma2.attention.sliding_window": 1024,
        "gemma2.attn_logit_softcapping": 50.0,
        "gemma2.final_logit_softcapping": 30.0,
    }
    return llama_like(
        path, arch="gemma2", layers=4, embedding=WIDTH, heads=8, kv_heads=4, feed_forward=2048,
        tensors=list(_gemma_tensors()), values=numbers,
    )  # fmt: skip


def mamba_small(path: Path) -> Path:
    numbers = {
        "mamba.ssm.conv_kernel": 4,
        "mamba.ssm.inner_size": 1024,
        "mamba.ssm.state_size": 16,
        "mamba.ssm.time_step_rank": 32,
        "mamba.feed_forward_length": 0,
        "mamba.attention.head_count": 0,
        "mamba.attention.head_count_kv": 0,
    }
    return llama_like(
        path, arch="mamba", layers=4, embedding=WIDTH, tensors=list(_mamba_tensors()),
        values={**numbers, "mamba.rope.dimension_count": None},
    )  # fmt: skip


def lfm2_small(path: Path) -> Path:
    values: dict[str, Typed | int] = {
        "lfm2.attention.head_count_kv": array(I32, [0, 0, 2, 0]),
        "lfm2.shortconv.l_cache": 3,
    }
    return llama_like(path, arch="lfm2", layers=4, embedding=WIDTH, heads=8, feed_forward=1024,
                      tensors=list(_lfm2_tensors()), values=values)  # fmt: skip


def _expert_tensors() -> Iterator[TensorLine]:
    usual = decoder_tensors(
        layers=2, embedding=2048, kv_width=512, feed_forward=4096, vocab=VOCABULARY, label="Q8_0"
    )
    for name, dims, kind in usual:
        if ".ffn_norm" in name:
            yield name, dims, kind
            yield name.replace("ffn_norm", "ffn_gate_inp"), (2048, 8), "F32"
        elif ".ffn_" in name:
            yield name.replace(".weight", "_exps.weight"), (*dims, 8), kind
        else:
            yield name, dims, kind


def _gemma_tensors() -> Iterator[TensorLine]:
    yield from decoder_tensors(
        layers=4, embedding=WIDTH, kv_width=256, feed_forward=2048, vocab=VOCABULARY,
        label="Q8_0", tied=True,
    )  # fmt: skip
    for layer in range(4):
        for norm in ("post_attention_norm", "post_ffw_norm"):
            yield f"blk.{layer}.{norm}.weight", (WIDTH,), "F32"


def _mamba_tensors() -> Iterator[TensorLine]:
    inner, state, rank = 1024, 16, 32
    yield "token_embd.weight", (WIDTH, VOCABULARY), "F16"
    yield "output_norm.weight", (WIDTH,), "F32"
    yield "output.weight", (WIDTH, VOCABULARY), "F16"
    for layer in range(4):
        block = f"blk.{layer}"
        yield f"{block}.attn_norm.weight", (WIDTH,), "F32"
        yield f"{block}.ssm_in.weight", (WIDTH, 2 * inner), "F16"
        yield f"{block}.ssm_conv1d.weight", (4, inner), "F32"
        yield f"{block}.ssm_conv1d.bias", (inner,), "F32"
        yield f"{block}.ssm_x.weight", (inner, rank + 2 * state), "F16"
        yield f"{block}.ssm_dt.weight", (rank, inner), "F32"
        yield f"{block}.ssm_dt.bias", (inner,), "F32"
        yield f"{block}.ssm_a", (state, inner), "F32"
        yield f"{block}.ssm_d", (inner,), "F32"
        yield f"{block}.ssm_out.weight", (inner, WIDTH), "F16"


def _lfm2_tensors() -> Iterator[TensorLine]:
    yield "token_embd.weight", (WIDTH, VOCABULARY), "F16"
    yield "token_embd_norm.weight", (WIDTH,), "F32"
    for layer in range(4):
        block = f"blk.{layer}"
        yield f"{block}.attn_norm.weight", (WIDTH,), "F32"
        yield f"{block}.ffn_norm.weight", (WIDTH,), "F32"
        yield f"{block}.ffn_gate.weight", (WIDTH, 1024), "F16"
        yield f"{block}.ffn_up.weight", (WIDTH, 1024), "F16"
        yield f"{block}.ffn_down.weight", (1024, WIDTH), "F16"
        if layer == 2:
            yield f"{block}.attn_q_norm.weight", (64,), "F32"
            yield f"{block}.attn_k_norm.weight", (64,), "F32"
            yield f"{block}.attn_q.weight", (WIDTH, WIDTH), "F16"
            yield f"{block}.attn_k.weight", (WIDTH, 128), "F16"
            yield f"{block}.attn_v.weight", (WIDTH, 128), "F16"
            yield f"{block}.attn_output.weight", (WIDTH, WIDTH), "F16"
        else:
            yield f"{block}.shortconv.conv.weight", (3, WIDTH), "F32"
            yield f"{block}.shortconv.in_proj.weight", (WIDTH, 3 * WIDTH), "F16"
            yield f"{block}.shortconv.out_proj.weight", (WIDTH, WIDTH), "F16"
