"""Where llama.cpp's rules for an architecture, or the figures they need, are missing."""

from __future__ import annotations

import pytest

from models_app.core.gguf import Value
from models_app.core.memory import EstimateError, MemoryEstimate, Options, estimate
from models_app.core.tensors import TensorSummary
from tests.fakes.headers import array_of


def run(arch: str, **over: Value | None) -> MemoryEstimate:
    keys: dict[str, Value | None] = {
        "block_count": 4,
        "embedding_length": 512,
        "vocab_size": 100,
        "attention.head_count": 8,
        "attention.head_count_kv": 2,
    }
    keys.update({key.replace("__", "."): value for key, value in over.items()})
    own = {f"{arch}.{key}": value for key, value in keys.items() if value is not None}
    values: dict[str, object] = {"general.architecture": arch, **own}
    return estimate(values, TensorSummary(count=1, nbytes=1), Options())


@pytest.mark.parametrize("arch", ["novel", "llama5", "Llama"])
@pytest.mark.parametrize("causal", [None, False])
def test_an_architecture_nobody_knows_is_a_lower_bound(arch: str, causal: bool | None) -> None:
    result = run(arch, attention__causal=causal)
    assert result.lower_bound
    assert any("rules of this architecture are not known" in note for note in result.notes)
    assert not any("own rules" in note or "none" in note for note in result.notes)


@pytest.mark.parametrize(
    "arch", ["llama", "qwen3moe", "gemma3", "gpt-oss", "command-r", "deepseek2", "bert"]
)
def test_a_known_architecture_is_none(arch: str) -> None:
    assert not run(arch).lower_bound


def test_the_cross_attention_of_an_encoder_decoder_is_not_counted() -> None:
    assert run("t5").lower_bound


RECURRENT = array_of([0, 2, 0, 0])


@pytest.mark.parametrize(
    ("arch", "key"),
    [
        ("mamba", "ssm.conv_kernel"),
        ("mamba2", "ssm.conv_kernel"),
        ("jamba", "ssm.conv_kernel"),
        ("granitehybrid", "ssm.conv_kernel"),
        ("plamo2", "ssm.conv_kernel"),
        ("falcon-h1", "ssm.conv_kernel"),
        ("qwen3next", "ssm.conv_kernel"),
        ("kimi-linear", "kda.head_dim"),
        ("lfm2", "shortconv.l_cache"),
        ("rwkv7", "wkv.head_size"),
    ],
)
def test_a_recurrent_model_without_its_figures_gets_no_estimate(arch: str, key: str) -> None:
    with pytest.raises(EstimateError, match=rf"{arch}\.{key}"):
        run(arch, attention__head_count_kv=RECURRENT)


def test_a_state_of_unknown_size_is_not_taken_for_none() -> None:
    with pytest.raises(EstimateError, match=r"ssm\.state_size"):
        run("mamba", ssm__conv_kernel=4, ssm__inner_size=64)


def test_rwkv_shifts_two_tokens_where_it_does_not_say() -> None:
    silent = run("rwkv7", wkv__head_size=64)
    stated = run("rwkv7", wkv__head_size=64, token_shift_count=2)
    assert silent.recurrent_bytes == stated.recurrent_bytes > 0


def test_attention_without_any_head_count_gets_no_estimate() -> None:
    with pytest.raises(EstimateError, match=r"llama\.attention\.head_count"):
        run("llama", attention__head_count=None, attention__head_count_kv=None)
