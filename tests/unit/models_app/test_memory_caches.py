"""Which layers keep what: the rules that the reference models do not touch."""

from __future__ import annotations

import pytest

from models_app.core.gguf import Value
from models_app.core.hyperparameters import EstimateError, Hyperparameters
from models_app.core.kv_cache import cache_plan
from models_app.core.memory import CACHE_TYPES, MemoryEstimate, Options, estimate
from models_app.core.tensors import TensorSummary
from tests.fakes.headers import array_of
from tests.fakes.reference_models import GEMMA, LLAMA

CELL = 4 * 64 * 2 * 2  # 4 KV heads of 64, K and V, f16


def values_of(arch: str, **over: Value | None) -> dict[str, object]:
    keys: dict[str, object] = {
        "block_count": 6,
        "embedding_length": 512,
        "attention.head_count": 8,
        "attention.head_count_kv": 4,
        "vocab_size": 1000,
        "context_length": 4096,
    }
    keys.update({key.replace("__", "."): value for key, value in over.items()})
    own = {f"{arch}.{key}": value for key, value in keys.items() if value is not None}
    return {"general.architecture": arch, **own}


def run(values: dict[str, object], options: Options | None = None) -> MemoryEstimate:
    return estimate(values, TensorSummary(count=1, nbytes=1), options or Options(ctx=4096))


def sliding(arch: str, **over: Value | None) -> list[bool]:
    values = values_of(arch, attention__sliding_window=256, **over)
    return [layer.sliding for layer in cache_plan(Hyperparameters(values), Options()).layers]


@pytest.mark.parametrize(
    ("arch", "expected"),
    [
        ("gemma2", [True, False] * 3),
        ("gemma3", [True] * 5 + [False]),
        ("smallthinker", [False, True, True, True, False, True]),
        ("llama", [False] * 6),
        ("phi3", [False] * 6),
        ("novel", [False] * 6),
    ],
)
def test_the_period_of_sliding_layers_follows_the_architecture(
    arch: str, expected: list[bool]
) -> None:
    assert sliding(arch) == expected


def test_a_stated_pattern_wins_over_the_architecture() -> None:
    pattern = array_of([True, False, False, True, False, True], 7)
    found = sliding("gemma3", attention__sliding_window_pattern=pattern)
    assert found == [True, False, False, True, False, True]
    assert sliding("gemma3", attention__sliding_window_pattern=2) == [True, False] * 3


def test_swa_full_gives_sliding_layers_the_whole_context() -> None:
    full = estimate(GEMMA.values, GEMMA.summary, Options(ctx=8192, swa_full=True))
    assert full.kv_bytes == 42 * 8192 * 8192


def test_a_unified_cache_widens_the_window_by_the_sequences() -> None:
    values = values_of("gemma2", attention__sliding_window=256)
    options = Options(ctx=4096, parallel=4, unified=True, ubatch=256)
    assert run(values, options).kv_bytes == 3 * CELL * (4096 + 4 * 256 + 256)


def test_separate_caches_round_each_share_up() -> None:
    options = Options(ctx=1000, parallel=3)
    assert run(values_of("llama"), options).kv_bytes == 6 * CELL * 512 * 3


def test_shared_layers_keep_nothing() -> None:
    values = values_of("gemma4", attention__shared_kv_layers=4)
    assert run(values).kv_bytes == 2 * CELL * 4096


def test_layers_without_attention_keep_nothing() -> None:
    values = values_of("llama", attention__head_count_kv=array_of([4, 0, 4, 0, 0, 0]))
    assert run(values).kv_bytes == 2 * CELL * 4096


def test_prediction_layers_keep_nothing() -> None:
    assert run(values_of("glm4moe", nextn_predict_layers=2)).kv_bytes == 4 * CELL * 4096


@pytest.mark.parametrize("arch", ["bert", "novel"])
def test_an_encoder_keeps_nothing(arch: str) -> None:
    values = {**values_of(arch), f"{arch}.attention.causal": False}
    assert run(values).kv_bytes == 0


def test_old_latent_attention_files_keep_k_and_v_of_all_heads() -> None:
    values = values_of("deepseek2", attention__key_length=192, attention__value_length=128)
    assert run(values).kv_bytes == 6 * 4096 * 4 * (192 + 128) * 2


@pytest.mark.parametrize("cache_type", CACHE_TYPES)
def test_every_cache_type_takes_its_blocks(cache_type: str) -> None:
    block, block_bytes = CACHE_TYPES[cache_type]
    options = Options(ctx=4096, type_k=cache_type, type_v=cache_type)
    kv = estimate(LLAMA.values, LLAMA.summary, options).kv_bytes
    assert kv == 32 * 4096 * 2 * (1024 // block * block_bytes)


def test_a_head_that_is_no_whole_block_is_refused_as_llama_cpp_does() -> None:
    values = values_of("llama", attention__key_length=80, attention__value_length=80)
    with pytest.raises(EstimateError, match="multiple of 32"):
        run(values, Options(ctx=4096, type_k="q8_0"))


@pytest.mark.parametrize("arch", ["deepseek32", "glm-dsa", "minimax-m3", "kimi-k3"])
def test_architectures_with_further_caches_are_a_lower_bound(arch: str) -> None:
    result = run(values_of(arch))
    assert result.lower_bound
    assert any("at least" in note for note in result.notes)


def test_an_indexer_makes_any_architecture_a_lower_bound() -> None:
    values = {**values_of("novel"), "novel.attention.indexer.head_count": 4}
    assert run(values).lower_bound
