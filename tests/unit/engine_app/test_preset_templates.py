"""Starting points of presets, and what options mean for memory."""

from __future__ import annotations

import pytest

from engine_app.core.allow_list import AllowList
from engine_app.core.conflicts import conflicts
from engine_app.core.flag_kinds import Value
from engine_app.core.memory_options import gpu_numbers, memory_options
from engine_app.core.preset_templates import TEMPLATES, ModelFacts, suggested

ALLOWED = AllowList()
KNOWN = ModelFacts("chat", trained_context=131_072, largest_context=50_000, layers_that_fit=20)


@pytest.mark.parametrize("key", TEMPLATES)
@pytest.mark.parametrize("facts", [ModelFacts(), KNOWN, ModelFacts("embedding", 512)])
def test_every_template_gives_options_that_can_be_saved(key: str, facts: ModelFacts) -> None:
    options = TEMPLATES[key].options(facts)
    assert ALLOWED.check(options) == ALLOWED.ordered(options)
    assert conflicts(options) == {}


def test_no_context_is_longer_than_trained_or_than_fits() -> None:
    assert TEMPLATES["code"].options(ModelFacts("chat", 4096))["ctx-size"] == 4096
    assert TEMPLATES["long-context"].options(KNOWN)["ctx-size"] == 49_920  # whole steps of 256
    assert TEMPLATES["long-context"].options(ModelFacts())["ctx-size"] == 65_536


def test_low_memory_puts_on_the_gpu_what_fits_there() -> None:
    assert TEMPLATES["low-memory"].options(KNOWN)["n-gpu-layers"] == 20
    assert "n-gpu-layers" not in TEMPLATES["low-memory"].options(ModelFacts())


def test_an_input_to_embed_fits_into_one_batch() -> None:
    options = TEMPLATES["embedding"].options(ModelFacts("embedding", 2048))
    assert options["ubatch-size"] == options["batch-size"] == options["ctx-size"] == 2048


def test_the_kind_of_a_model_suggests_a_template() -> None:
    assert suggested("embedding") == "embedding"
    assert suggested("chat") == suggested("") == "chat"


def test_options_that_are_not_set_count_as_the_engine_counts_them() -> None:
    found = memory_options({}, layers=33)
    assert (found.ctx, found.parallel, found.unified, found.gpu_layers) == (0, 4, True, 33)
    assert (found.ubatch, found.type_k, found.flash_attention) == (512, "f16", True)


def test_options_that_are_set_count() -> None:
    options: dict[str, Value] = {
        "ctx-size": 8192, "parallel": 2, "n-gpu-layers": 10, "cache-type-k": "q8_0",
        "flash-attn": "off", "swa-full": True, "cpu-moe": True, "batch-size": 128,
    }  # fmt: skip
    found = memory_options(options, layers=33)
    assert (found.ctx, found.parallel, found.unified, found.gpu_layers) == (8192, 2, False, 10)
    assert (found.ubatch, found.type_k, found.flash_attention) == (128, "q8_0", False)
    assert (found.swa_full, found.cpu_moe) == (True, True)


@pytest.mark.parametrize("value", ["all", "auto", -1])
def test_words_for_all_layers_are_all_layers(value: Value) -> None:
    assert memory_options({"n-gpu-layers": value}, layers=33).gpu_layers == 33


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ({}, None),
        ({"n-gpu-layers": 0}, []),
        ({"device": "none"}, []),
        ({"device": "CUDA1"}, [1]),
        ({"device": "CUDA0,Vulkan2"}, [0, 2]),
        ({"split-mode": "none"}, [0]),
        ({"split-mode": "none", "main-gpu": 1}, [1]),
        ({"split-mode": "layer", "main-gpu": 1}, None),
    ],
)
def test_the_gpus_that_may_be_used_follow(
    options: dict[str, Value], numbers: list[int] | None
) -> None:
    assert gpu_numbers(options) == numbers


@pytest.mark.parametrize(
    ("options", "which"),
    [
        ({"cache-type-v": "q8_0", "flash-attn": "off"}, {"cache-type-v"}),
        ({"cache-type-v": "f16", "flash-attn": "off"}, set()),
        ({"ctx-size": 4, "parallel": 8}, {"ctx-size"}),
        ({"ctx-size": 0, "parallel": 8}, set()),
        ({"embeddings": True, "reranking": True}, {"embeddings"}),
    ],
)
def test_what_cannot_be_given_together_is_found(options: dict[str, Value], which: set[str]) -> None:
    assert set(conflicts(options)) == which
