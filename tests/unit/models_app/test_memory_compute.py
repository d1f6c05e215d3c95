"""The phases of the compute buffer, against what llama.cpp b11549 printed (in MiB)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models_app.core.memory import Options, estimate
from tests.fakes.reference_models import LLAMA, MIB, MIXTRAL, ReferenceModel

# Vocabularies of one token: what is left is what the engine takes beside the logits.
BARE = LLAMA._replace(vocabulary=1)
BARE_EXPERTS = MIXTRAL._replace(
    vocabulary=1, values={k: v for k, v in MIXTRAL.values.items() if k != "llama.expert_count"}
)


def compute(model: ReferenceModel, options: Options) -> float:
    return estimate(model.values, model.summary, options).compute_bytes / MIB


@pytest.mark.parametrize(
    ("options", "printed"),
    [
        (Options(ctx=4096), 128.02),
        (Options(ctx=8192), 132.02),
        (Options(ctx=32768), 156.02),
        (Options(ctx=131_072), 252.02),
        (Options(ctx=32768, parallel=8), 128.02),
        (Options(ctx=32768, parallel=8, unified=True), 156.02),
        (Options(ctx=8192, ubatch=2048), 528.07),
    ],
)
def test_the_layers_phase_is_what_llama_server_takes(options: Options, printed: float) -> None:
    assert compute(BARE, options) == pytest.approx(printed, abs=0.1)


@pytest.mark.parametrize(("ctx", "printed"), [(8192, 216.02), (32768, 240.02), (131_072, 336.02)])
def test_experts_widen_the_layers_phase(ctx: int, printed: float) -> None:
    assert compute(BARE_EXPERTS, Options(ctx=ctx)) == pytest.approx(printed, abs=0.1)


def test_without_flash_attention_the_scores_need_room() -> None:
    options = Options(ctx=8192, flash_attention=False)
    assert compute(BARE, options) == pytest.approx(580.01, abs=4.1)


def test_the_hungriest_phase_counts() -> None:
    assert compute(LLAMA, Options(ctx=8192)) == pytest.approx(266.5)
    long = Options(ctx=1 << 20)
    assert compute(LLAMA, long) == compute(BARE, long)


def test_a_context_shorter_than_the_micro_batch_caps_it() -> None:
    assert compute(LLAMA, Options(ctx=256)) == compute(LLAMA, Options(ctx=256, ubatch=256))
    assert compute(LLAMA, Options(ctx=200)) == compute(LLAMA, Options(ctx=256))
    assert compute(LLAMA, Options(ctx=256)) < compute(LLAMA, Options(ctx=512))


def test_an_encoder_needs_no_logits() -> None:
    values = {**LLAMA.values, "llama.attention.causal": False}
    encoder = LLAMA._replace(values=values)
    assert compute(encoder, Options(ctx=512)) < compute(LLAMA, Options(ctx=512))


def test_a_sliding_window_adds_a_mask_of_its_own() -> None:
    keys = {"general.architecture": "gemma2", "gemma2.attention.sliding_window": 4096}
    renamed = {key.replace("llama.", "gemma2."): value for key, value in LLAMA.values.items()}
    model = BARE._replace(values={**renamed, **keys})
    options = Options(ctx=32768)
    assert compute(model, options) - compute(BARE, options) == pytest.approx(
        2 * 512 * (4096 + 512) / MIB
    )
    everything = replace(options, swa_full=True)
    assert compute(model, everything) == compute(BARE, options) + 32
