"""Recurrent states, by hand from llama.cpp's formulas; tests/live compares Mamba and LFM2."""

from __future__ import annotations

from models_app.core.gguf import Value
from models_app.core.memory import MemoryEstimate, Options, estimate
from models_app.core.tensors import TensorSummary
from tests.fakes.headers import array_of

MAMBA: dict[str, Value] = {
    "ssm.conv_kernel": 4,
    "ssm.inner_size": 1024,
    "ssm.state_size": 16,
    "ssm.group_count": 2,
}
MAMBA_STATE = 4 * (3 * (1024 + 2 * 2 * 16) + 16 * 1024)
CELL = 2 * 64 * 2 * 2


def run(arch: str, keys: dict[str, Value], parallel: int = 1, ctx: int = 4096) -> MemoryEstimate:
    usual: dict[str, Value] = {
        "block_count": 4,
        "embedding_length": 512,
        "vocab_size": 100,
        "attention.head_count": 8,
        "attention.head_count_kv": 2,
    }
    own = {f"{arch}.{key}": value for key, value in {**usual, **keys}.items()}
    values: dict[str, object] = {"general.architecture": arch, **own}
    options = Options(ctx=ctx, parallel=parallel)
    return estimate(values, TensorSummary(count=1, nbytes=1), options)


def test_mamba_keeps_a_state_in_every_layer_and_no_cache() -> None:
    result = run("mamba", MAMBA)
    assert result.recurrent_bytes == 4 * MAMBA_STATE
    assert result.kv_bytes == 0


def test_a_state_does_not_grow_with_the_context_but_with_the_sequences() -> None:
    one = run("mamba", MAMBA).recurrent_bytes
    assert run("mamba", MAMBA, ctx=65_536).recurrent_bytes == one
    assert run("mamba", MAMBA, parallel=3).recurrent_bytes == 3 * one


def test_falcon_h1_has_both_in_every_layer() -> None:
    result = run("falcon-h1", MAMBA)
    assert result.recurrent_bytes == 4 * MAMBA_STATE
    assert result.kv_bytes == 4 * 4096 * CELL


def test_qwen3next_attends_in_every_fourth_layer() -> None:
    result = run("qwen3next", MAMBA)
    assert result.recurrent_bytes == 3 * MAMBA_STATE
    assert result.kv_bytes == 4096 * CELL


def test_a_stated_interval_wins() -> None:
    result = run("qwen3next", {**MAMBA, "full_attention_interval": 2})
    assert result.kv_bytes == 2 * 4096 * CELL


def test_jamba_is_recurrent_where_it_has_no_kv_heads() -> None:
    result = run("jamba", {**MAMBA, "attention.head_count_kv": array_of([0, 2, 0, 0])})
    assert result.recurrent_bytes == 3 * MAMBA_STATE
    assert result.kv_bytes == 4096 * CELL


def test_nemotron_h_has_layers_that_are_neither() -> None:
    keys: dict[str, Value] = {
        "attention.head_count_kv": array_of([0, 2, 0, 0]),
        "feed_forward_length": array_of([0, 0, 2048, 2048]),
    }
    result = run("nemotron_h", {**MAMBA, **keys})
    assert result.recurrent_bytes == MAMBA_STATE
    assert result.kv_bytes == 4096 * CELL


def test_rwkv_keeps_shifted_tokens_and_a_matrix() -> None:
    result = run("rwkv7", {"token_shift_count": 2, "wkv.head_size": 64})
    assert result.recurrent_bytes == 4 * 4 * (2 * 512 + 512 * 64)
    assert result.kv_bytes == 0


def test_lfm2_keeps_the_last_inputs_of_its_convolutions() -> None:
    keys: dict[str, Value] = {
        "shortconv.l_cache": 3,
        "attention.head_count_kv": array_of([0, 0, 2, 0]),
    }
    assert run("lfm2", keys).recurrent_bytes == 3 * 4 * 512 * 2


def test_kimi_linear_keeps_three_convolutions_and_a_matrix_per_head() -> None:
    keys: dict[str, Value] = {
        "kda.head_dim": 128,
        "ssm.conv_kernel": 4,
        "attention.head_count_kv": array_of([0, 0, 0, 2]),
    }
    state = 4 * (3 * 3 * 8 * 128 + 128 * 128 * 8)
    assert run("kimi-linear", keys).recurrent_bytes == 3 * state


def test_a_state_that_no_engine_confirmed_is_called_unchecked() -> None:
    assert any("not checked" in note for note in run("qwen3next", MAMBA).notes)
    assert not any("not checked" in note for note in run("mamba", MAMBA).notes)
