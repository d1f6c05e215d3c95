from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_app.core.gguf import ArrayValue, Value, storable
from models_app.core.memory import (
    CACHE_TYPES,
    EstimateError,
    Options,
    estimate,
    estimate_keys,
    largest_context,
    layers_that_fit,
)
from models_app.core.tensors import TensorSummary
from tests.fakes.headers import array_of, texts_of
from tests.fakes.reference_models import DEEPSEEK, GEMMA, LLAMA, MODELS, ReferenceModel

# A busy machine is no failure.
relaxed = settings(deadline=None, max_examples=80)

KEYS = [
    "block_count", "embedding_length", "context_length", "attention.head_count",
    "attention.head_count_kv", "attention.key_length", "attention.value_length",
    "attention.key_length_mla", "attention.sliding_window", "attention.sliding_window_pattern",
    "attention.shared_kv_layers", "attention.causal", "nextn_predict_layers", "expert_count",
    "expert_used_count", "feed_forward_length", "vocab_size", "token_shift_count",
    "wkv.head_size", "ssm.inner_size", "ssm.conv_kernel", "ssm.state_size", "ssm.group_count",
    "shortconv.l_cache", "kda.head_dim", "full_attention_interval",
]  # fmt: skip
ARCHITECTURES = ["llama", "gemma3", "mamba", "qwen3next", "nemotron_h", "bert", "smallthinker"]
NUMBERS = st.sampled_from([0, 1, 2, 3, 8, 64, 4096, 4097, (1 << 31) - 1, 1 << 31, 1 << 63, -1])
ODD: st.SearchStrategy[Value] = (
    st.booleans()
    | st.floats()
    | st.text(max_size=3)
    | st.builds(array_of, st.lists(NUMBERS | st.booleans(), max_size=4))
    | st.just(ArrayValue(4, 100_000, 0, None))
)
OPTIONS = st.builds(
    Options,
    ctx=st.integers(1, 100_000),
    parallel=st.integers(1, 16),
    ubatch=st.integers(1, 2048),
    type_k=st.sampled_from(list(CACHE_TYPES)),
    type_v=st.sampled_from(list(CACHE_TYPES)),
    gpu_layers=st.integers(0, 60),
    unified=st.booleans(),
    swa_full=st.booleans(),
    cpu_moe=st.booleans(),
)
MODEL = st.sampled_from(MODELS)


@relaxed
@given(
    st.sampled_from(ARCHITECTURES),
    st.dictionaries(st.sampled_from(KEYS), NUMBERS | ODD),
    st.booleans(),
)
def test_no_value_of_any_type_gives_another_error(
    arch: str, keys: dict[str, Value], stored: bool
) -> None:
    usual: dict[str, Value] = {"block_count": 4, "embedding_length": 64, "vocab_size": 10}
    values: dict[str, object] = {f"{arch}.{k}": v for k, v in {**usual, **keys}.items()}
    values["general.architecture"] = arch
    if stored:
        values = {key: storable(value) for key, value in values.items()}
    summary = TensorSummary(count=1, nbytes=1, layers=(1, 2), experts=(1, 0))
    questions: list[Callable[[], int]] = [
        lambda: estimate(values, summary, Options()).total_bytes,
        lambda: layers_that_fit(values, summary, Options(), 1 << 30),
        lambda: largest_context(values, summary, Options(), host_bytes=1 << 30) or 0,
    ]
    for ask in questions:
        try:
            assert ask() >= 0
        except EstimateError as error:
            assert str(error)


@pytest.mark.parametrize("values", [{}, {"general.architecture": 7}, {"general.architecture": ""}])
def test_without_an_architecture_the_reason_is_said(values: dict[str, object]) -> None:
    with pytest.raises(EstimateError, match="architecture"):
        estimate(values, TensorSummary(count=1), Options())


def test_a_per_layer_array_that_was_not_kept_is_no_silent_default() -> None:
    values = {**LLAMA.values, "llama.attention.head_count_kv": ArrayValue(4, 5000, 0, None)}
    with pytest.raises(EstimateError, match="head_count_kv"):
        estimate(values, LLAMA.summary, Options())


@relaxed
@given(MODEL, OPTIONS)
def test_a_longer_context_never_takes_less(model: ReferenceModel, options: Options) -> None:
    short = estimate(model.values, model.summary, options)
    longer = estimate(model.values, model.summary, replace(options, ctx=options.ctx + 300))
    assert longer.total_bytes >= short.total_bytes
    assert longer.device_bytes >= short.device_bytes


@relaxed
@given(MODEL, OPTIONS)
def test_more_requests_never_take_less_than_one(model: ReferenceModel, options: Options) -> None:
    one = estimate(model.values, model.summary, replace(options, parallel=1))
    assert estimate(model.values, model.summary, options).kv_bytes >= one.kv_bytes


@relaxed
@given(MODEL, OPTIONS)
def test_more_gpu_layers_never_take_less_of_the_gpu(
    model: ReferenceModel, options: Options
) -> None:
    more = replace(options, gpu_layers=options.gpu_layers + 1)
    before, after = (estimate(model.values, model.summary, o) for o in (options, more))
    assert after.device_bytes >= before.device_bytes


@relaxed
@given(MODEL, OPTIONS)
def test_a_wider_micro_batch_never_takes_less(model: ReferenceModel, options: Options) -> None:
    wider = replace(options, ubatch=options.ubatch + 64)
    before, after = (estimate(model.values, model.summary, o) for o in (options, wider))
    assert after.total_bytes >= before.total_bytes


@pytest.mark.parametrize("model", [LLAMA, DEEPSEEK, GEMMA], ids=lambda model: model.name)
def test_what_was_stored_gives_the_same_estimate(model: ReferenceModel) -> None:
    values = {
        **model.values,
        "general.name": "x",
        "tokenizer.chat_template": "{{ x }}",
        f"{model.values['general.architecture']}.rope.freqs": array_of([1, 2, 3]),
        "tokenizer.ggml.tokens": ArrayValue(8, model.vocabulary, 0, None),
    }
    kept = estimate_keys(values)
    assert "general.name" not in kept
    stored = json.loads(json.dumps({key: storable(value) for key, value in kept.items()}))
    summary = replace(model.summary, vocabulary_rows=None)
    assert estimate(stored, summary, Options()) == estimate(values, summary, Options())


def test_keys_of_a_header_without_architecture_are_not_kept() -> None:
    assert estimate_keys({"llama.block_count": 1, "general.tags": texts_of("a")}) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"ctx": -1}, {"ctx": 1 << 31}, {"ctx": True}, {"parallel": 0}, {"parallel": 257},
        {"ubatch": 0}, {"gpu_layers": -1}, {"type_k": "f8"},
        {"type_v": "q8_0", "flash_attention": False},
    ],
)  # fmt: skip
def test_impossible_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(EstimateError):
        Options(**wrong)  # type: ignore[arg-type]


def test_context_0_is_what_the_model_was_trained_for() -> None:
    assert estimate(LLAMA.values, LLAMA.summary, Options(ctx=0)).context == 32768
