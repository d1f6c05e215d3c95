"""Who holds what: the split between GPU and host, and what fits into a given memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models_app.core.memory import (
    EstimateError,
    Options,
    estimate,
    largest_context,
    layers_that_fit,
)
from models_app.core.tensors import TensorSummary
from tests.fakes.gguf_models import decoder_tensors
from tests.fakes.headers import summary_of
from tests.fakes.reference_models import LLAMA, MIB, MIXTRAL

GIB = 1024 * MIB
SUMMARY = summary_of(
    decoder_tensors(
        layers=32, embedding=4096, kv_width=1024, feed_forward=14336, vocab=128256, label="Q4_K_M"
    )
)
TIED = replace(SUMMARY, output=4096 * 4, has_output_matrix=False)
EXPERTS = replace(MIXTRAL.summary, nbytes=400, layers=(10,) * 32, experts=(9,) * 32, embedding=80)
ALL = 33
AT_8K = Options(ctx=8192)


def at(gpu_layers: int, **over: int | bool) -> Options:
    return replace(AT_8K, gpu_layers=gpu_layers, **over)  # type: ignore[arg-type]


def test_without_gpu_layers_everything_is_in_the_host() -> None:
    result = estimate(LLAMA.values, SUMMARY, AT_8K)
    assert result.device_bytes == 0
    assert result.host_bytes == SUMMARY.nbytes + 1024 * MIB + result.compute_bytes


def test_with_all_layers_only_the_embedding_stays_in_the_host() -> None:
    result = estimate(LLAMA.values, SUMMARY, at(ALL))
    assert result.host_bytes == SUMMARY.embedding
    assert result.gpu_layers == result.layers == ALL


def test_the_output_goes_first_and_then_the_last_layer() -> None:
    compute = estimate(LLAMA.values, SUMMARY, AT_8K).compute_bytes
    one, two = (estimate(LLAMA.values, SUMMARY, at(k)).device_bytes for k in (1, 2))
    assert one == SUMMARY.output + compute
    assert two - one == SUMMARY.layers[31] + 32 * MIB


def test_more_layers_than_there_are_means_all() -> None:
    assert estimate(LLAMA.values, SUMMARY, at(999)) == estimate(LLAMA.values, SUMMARY, at(ALL))


def test_a_tied_embedding_is_held_twice_once_the_output_is_on_the_gpu() -> None:
    host = estimate(LLAMA.values, TIED, AT_8K)
    gpu = estimate(LLAMA.values, TIED, at(1))
    assert gpu.weights_bytes - host.weights_bytes == TIED.embedding
    assert gpu.host_bytes + gpu.device_bytes == gpu.total_bytes
    assert any("copy" in note for note in gpu.notes)


def test_parts_and_places_have_the_same_sum() -> None:
    result = estimate(LLAMA.values, SUMMARY, at(17))
    parts = result.weights_bytes + result.kv_bytes + result.recurrent_bytes + result.compute_bytes
    assert parts == result.total_bytes


def test_experts_can_be_kept_in_the_host() -> None:
    kept, moved = (
        estimate(MIXTRAL.values, EXPERTS, at(ALL, cpu_moe=cpu_moe)) for cpu_moe in (True, False)
    )
    assert moved.device_bytes - kept.device_bytes == 32 * 9
    assert kept.total_bytes == moved.total_bytes


def test_the_layers_that_fit_are_the_most_that_do() -> None:
    for free in (GIB, 3 * GIB, 5 * GIB, 100 * GIB):
        best = layers_that_fit(LLAMA.values, SUMMARY, AT_8K, free)
        assert estimate(LLAMA.values, SUMMARY, at(best)).device_bytes <= free
        if best < ALL:
            assert estimate(LLAMA.values, SUMMARY, at(best + 1)).device_bytes > free


def test_no_layer_fits_into_nothing() -> None:
    assert layers_that_fit(LLAMA.values, SUMMARY, AT_8K, 0) == 0
    assert layers_that_fit(LLAMA.values, SUMMARY, AT_8K, -GIB) == 0


@pytest.mark.parametrize("parallel", [1, 3])
@pytest.mark.parametrize("free", [6 * GIB, 7 * GIB + 12345])
def test_the_largest_context_fits_and_the_next_does_not(free: int, parallel: int) -> None:
    options = at(ALL, parallel=parallel)
    best = largest_context(LLAMA.values, SUMMARY, options, device_bytes=free)
    assert best is not None
    assert best % (256 * parallel) == 0
    one_more = best + 256 * parallel
    fits, not_any_more = (
        estimate(LLAMA.values, SUMMARY, replace(options, ctx=ctx)).device_bytes
        for ctx in (best, one_more)
    )
    assert fits <= free < not_any_more


def test_the_largest_context_is_at_most_what_each_sequence_was_trained_for() -> None:
    best = largest_context(LLAMA.values, SUMMARY, Options(parallel=2), host_bytes=10**15)
    assert best == 2 * 32768


def test_no_context_fits_where_the_weights_do_not() -> None:
    assert largest_context(LLAMA.values, SUMMARY, AT_8K, host_bytes=GIB) is None


def test_without_limits_the_trained_context_is_the_largest() -> None:
    assert largest_context(LLAMA.values, SUMMARY, AT_8K) == 32768


def test_a_model_whose_tensors_are_not_known_has_no_estimate() -> None:
    with pytest.raises(EstimateError, match="weights is not known"):
        estimate(LLAMA.values, TensorSummary(), AT_8K)
