from __future__ import annotations

import pytest

from models_app.core.facts import derive, from_file_name
from models_app.core.file_names import parse_file_name
from models_app.core.gguf import Value
from models_app.core.kinds import ModelKind
from tests.fakes.headers import decoder_header, header_of, summary_of

LAYER = [("blk.0.attn_q.weight", (256, 256), "Q4_K")]
TOKENIZER: dict[str, Value] = {"tokenizer.ggml.model": "gpt2"}


def kind(values: dict[str, Value], *extra: str, tensors: bool = True) -> ModelKind:
    lines = LAYER + [(name, (256, 2), "F32") for name in extra]
    return derive(header_of(values), summary_of(lines if tensors else [])).kind


@pytest.mark.parametrize(
    ("stated", "expected"),
    [("adapter", "adapter"), ("mmproj", "projector"), ("imatrix", "imatrix"),
     ("vocab", "vocabulary")],
)  # fmt: skip
def test_general_type_decides_first(stated: str, expected: str) -> None:
    assert kind({"general.type": stated, "general.architecture": "llama"}) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"general.architecture": "clip"}, "projector"),
        ({"general.architecture": "llama", "adapter.type": "lora"}, "adapter"),
        ({"imatrix.chunk_count": 7}, "imatrix"),
    ],
)
def test_a_companion_is_known_by_its_own_keys(values: dict[str, Value], expected: str) -> None:
    assert kind(values) == expected


def test_a_tokenizer_without_tensors_is_a_vocabulary() -> None:
    assert kind({"general.architecture": "llama", **TOKENIZER}, tensors=False) == "vocabulary"


def test_the_first_shard_without_tensors_is_no_vocabulary() -> None:
    header = decoder_header(split__count=2)
    assert derive(header, summary_of([])).kind == "chat"


def test_rank_pooling_is_a_reranker() -> None:
    assert kind({"general.architecture": "qwen3", "qwen3.pooling_type": 4}) == "reranker"


def test_a_classifier_head_is_a_reranker() -> None:
    assert kind({"general.architecture": "bert"}, "cls.weight") == "reranker"


@pytest.mark.parametrize("pooling", [1, 2, 3])
def test_pooling_over_tokens_is_an_embedding_model(pooling: int) -> None:
    facts = derive(decoder_header(llama__pooling_type=pooling), summary_of(LAYER))
    assert facts.kind == "embedding"
    assert facts.pooling in ("mean", "cls", "last")


@pytest.mark.parametrize(
    "values",
    [
        {"general.architecture": "nomic-bert"},
        {"general.architecture": "gemma3", "gemma3.attention.causal": False},
    ],
)
def test_what_reads_all_at_once_is_an_embedding_model(values: dict[str, Value]) -> None:
    assert kind({**values, **TOKENIZER}) == "embedding"


def test_a_diffusion_model_is_not_taken_for_an_embedding_model() -> None:
    values: dict[str, Value] = {"general.architecture": "dream", "dream.attention.causal": False}
    assert kind({**values, "dream.block_count": 2, **TOKENIZER}) == "unknown"


def test_an_encoder_with_a_decoder_is_no_chat_model() -> None:
    assert kind({"general.architecture": "t5", "t5.block_count": 2, **TOKENIZER}) == "unknown"


@pytest.mark.parametrize("key", ["None.pooling_type", ".pooling_type"])
def test_keys_of_no_architecture_decide_nothing(key: str) -> None:
    prefix = key.partition(".")[0]
    own: dict[str, Value] = {key: 1, f"{prefix}.block_count": 2, f"{prefix}.context_length": 4096}
    facts = derive(header_of({**own, **TOKENIZER}), summary_of(LAYER))
    assert (facts.kind, facts.pooling) == ("unknown", None)
    assert (facts.layers, facts.context_length) == (None, None)


def test_a_decoder_is_a_chat_model_even_without_a_template() -> None:
    facts = derive(decoder_header(), summary_of(LAYER))
    assert facts.kind == "chat"
    assert not facts.capabilities.template
    assert facts.capabilities.tools is None


def test_a_name_that_sounds_like_embeddings_decides_nothing() -> None:
    header = decoder_header(general__name="Super Embed Rerank 7B")
    assert derive(header, summary_of(LAYER)).kind == "chat"


@pytest.mark.parametrize(
    "values", [{}, {"general.architecture": "wavtokenizer-dec"}, {"general.architecture": "llama"}]
)
def test_anything_else_is_unknown(values: dict[str, Value]) -> None:
    assert kind(values) == "unknown"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mmproj-model-f16.gguf", "projector"),
        ("Llama-3.2-1B-Instruct-f16-LoRA.gguf", "adapter"),
        ("ggml-vocab-llama-bpe.gguf", "vocabulary"),
        ("nomic-embed-text-v1.5.f16.gguf", "unknown"),
    ],
)
def test_a_file_name_tells_companions_only(name: str, expected: str) -> None:
    assert from_file_name(parse_file_name(name)).kind == expected
