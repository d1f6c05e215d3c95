"""The estimate against llama.cpp's own figures."""

from __future__ import annotations

import pytest

from models_app.core.memory import Options, estimate
from tests.fakes.reference_models import LLAMA, MIB, MODELS, ReferenceModel

each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)


@each_model
def test_the_kv_cache_at_8k_f16_equals_llama_cpps(model: ReferenceModel) -> None:
    result = estimate(model.values, model.summary, Options(ctx=8192))
    assert result.kv_bytes == model.kv_8k_f16 * MIB


@each_model
def test_the_kv_cache_at_32k_q8_0_equals_llama_cpps(model: ReferenceModel) -> None:
    options = Options(ctx=32768, type_k="q8_0", type_v="q8_0")
    result = estimate(model.values, model.summary, options)
    assert result.kv_bytes == model.kv_32k_q8_0 * MIB


@each_model
def test_the_compute_buffer_is_as_near_as_the_notes_say(model: ReferenceModel) -> None:
    result = estimate(model.values, model.summary, Options(ctx=8192))
    assert result.compute_bytes / MIB == pytest.approx(
        model.compute_8k, abs=model.compute_error + 0.05
    )


@each_model
def test_each_further_token_costs_what_the_layers_that_grow_take(model: ReferenceModel) -> None:
    result = estimate(model.values, model.summary, Options(ctx=8192))
    assert result.bytes_per_token == model.bytes_per_token
    longer = estimate(model.values, model.summary, Options(ctx=8192 + 256))
    assert longer.kv_bytes - result.kv_bytes == 256 * model.bytes_per_token


@each_model
def test_none_of_these_is_a_lower_bound(model: ReferenceModel) -> None:
    assert not estimate(model.values, model.summary, Options()).lower_bound


def test_the_worked_example_of_llama() -> None:
    result = estimate(LLAMA.values, LLAMA.summary, Options(ctx=8192))
    assert result.kv_bytes == 32 * 8192 * (8 * 128 * 2 + 8 * 128 * 2) == 1_073_741_824
