from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_app.core.file_names import (
    FileNameParts,
    Shard,
    display_name,
    parse_file_name,
    split_key,
)

Parts = FileNameParts

EXAMPLES = {
    "Mixtral-8x7B-v0.1-KQ2.gguf": Parts("Mixtral", "8x7B", "KQ2", "v0.1"),
    "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf": Parts(
        "Meta-Llama-3.1", "8B", "Instruct", encoding="Q4_K_M"
    ),
    "Grok-100B-v1.0-Q4_0-00003-of-00009.gguf": Parts(
        "Grok", "100B", version="v1.0", encoding="Q4_0", shard=Shard(3, 9)
    ),
    "Hermes-2-Pro-Llama-3-8B-F16.gguf": Parts("Hermes-2-Pro-Llama-3", "8B", encoding="F16"),
    "mixtral-8x7b-instruct-v0.1.Q4_K_M.gguf": Parts(
        "mixtral", "8x7b", "instruct", "v0.1", "Q4_K_M"
    ),
    "Qwen3-30B-A3B-Instruct-2507-UD-Q4_K_XL.gguf": Parts(
        "Qwen3", "30B-A3B", "Instruct-2507", encoding="UD-Q4_K_XL"
    ),
    "gpt-oss-20b-mxfp4.gguf": Parts("gpt-oss", "20b", encoding="MXFP4"),
    "mmproj-model-f16.gguf": Parts("model", encoding="F16", sidecar="mmproj"),
    "Qwen2.5-VL-7B-Instruct-mmproj-bf16.gguf": Parts(
        "Qwen2.5-VL", "7B", "Instruct", encoding="BF16", sidecar="mmproj"
    ),
    "gemma-2-9b-it-IQ3_XXS.gguf": Parts("gemma-2", "9b", "it", encoding="IQ3_XXS"),
    "DeepSeek-R1-0528-UD-IQ1_S-00001-of-00004.gguf": Parts(
        "DeepSeek-R1-0528", encoding="UD-IQ1_S", shard=Shard(1, 4)
    ),
    "llama-2-7b-chat.Q5_K_S.gguf": Parts("llama-2", "7b", "chat", encoding="Q5_K_S"),
    "ggml-model-q4_0.gguf": Parts("ggml-model", encoding="Q4_0"),
    "phi-2.Q8_0.gguf": Parts("phi-2", encoding="Q8_0"),
    "Llama-3.2-1B-Instruct-f16-LoRA.gguf": Parts(
        "Llama-3.2", "1B", "Instruct", encoding="F16", kind="LoRA"
    ),
    "ggml-vocab-llama-bpe.gguf": Parts("llama-bpe", kind="vocab"),
    "nomic-embed-text-v1.5.f16.gguf": Parts("nomic-embed-text", version="v1.5", encoding="F16"),
    "SmolLM2-135M-Instruct.i1-Q6_K.gguf": Parts(
        "SmolLM2", "135M", "Instruct", encoding="Q6_K", imatrix=True
    ),
    "Phi-3-mini-4k-instruct-fp16.gguf": Parts("Phi-3-mini-4k", finetune="instruct", encoding="F16"),
    "mtp-Qwen3-27B-v1.0-Q4_K_M.gguf": Parts(
        "Qwen3", "27B", version="v1.0", encoding="Q4_K_M", sidecar="mtp"
    ),
    "Qwen_Qwen3-0.6B-Q4_0.gguf": Parts("Qwen_Qwen3", "0.6B", encoding="Q4_0"),
    "model.gguf": Parts("model"),
    "Mistral-Nemo-Instruct-2407-Q4_K_L.gguf": Parts(
        "Mistral-Nemo", finetune="Instruct-2407", encoding="Q4_K_L"
    ),
    "x-00000-of-00002.gguf": Parts("x-00000-of-00002"),
    "GLM-4.5-Air-Q4_K_M-00001-of-00002.GGUF": Parts(
        "GLM-4.5-Air", encoding="Q4_K_M", shard=Shard(1, 2)
    ),
}

# Names that look like names: known words in any order, next to any text.
_WORDS = (
    "Llama 8B A3B 4k v1.0 Instruct it UD Q4_K_M f16 i1 imatrix LoRA vocab mmproj mtp "
    "00001 of 00002 00000-of-00002 00002-of-00002"
)
words = st.sampled_from(_WORDS.split())
names = st.lists(words | st.text(max_size=6), max_size=9).flatmap(
    lambda parts: st.sampled_from("-._").map(lambda joint: joint.join(parts) + ".gguf")
)
any_name = names | st.text(max_size=700)
relaxed = settings(deadline=None, max_examples=200)


@pytest.mark.parametrize(("name", "parts"), EXAMPLES.items(), ids=list(EXAMPLES))
def test_a_known_name_is_taken_apart(name: str, parts: FileNameParts) -> None:
    assert parse_file_name(name) == parts
    assert parse_file_name(f"/models/7B-Q4_0/{name}") == parts


@relaxed
@given(name=any_name)
def test_any_name_has_parts_and_its_shard_is_possible(name: str) -> None:
    parts = parse_file_name(name)
    assert parts.shard is None or 1 <= parts.shard.number <= parts.shard.total <= 99_999
    assert "" not in (parts.base, parts.size, parts.finetune, parts.version, parts.encoding)
    assert (split_key(name) is None) == (parts.shard is None)


@relaxed
@given(name=any_name)
def test_a_name_that_says_nothing_stays_whole(name: str) -> None:
    parts = parse_file_name(name)
    if parts == FileNameParts(base=parts.base) and parts.base is not None:
        assert parts.base in name
        assert parse_file_name(f"{parts.base}.gguf") == parts


@relaxed
@given(name=any_name)
def test_a_name_with_any_part_can_be_shown(name: str) -> None:
    parts = parse_file_name(name)
    nothing_to_say = FileNameParts(shard=parts.shard, imatrix=parts.imatrix)
    assert (display_name(parts) == "") == (parts == nothing_to_say)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Qwen3-30B-A3B-Instruct-2507-UD-Q4_K_XL.gguf", "Qwen3 30B-A3B Instruct-2507"),
        ("Grok-100B-v1.0-Q4_0-00003-of-00009.gguf", "Grok 100B v1.0"),
        ("Llama-3.2-1B-Instruct-f16-LoRA.gguf", "Llama-3.2 1B Instruct LoRA"),
        ("mmproj-F16.gguf", "mmproj"),
        ("Q4_K_M.gguf", "Q4_K_M"),
        ("a--strange__name.gguf", "a--strange__name"),
    ],
)
def test_a_name_is_shown_as_the_file_wrote_it(name: str, shown: str) -> None:
    assert display_name(parse_file_name(name)) == shown


def test_shards_of_one_model_share_a_key() -> None:
    first = split_key("/m/GLM-Q4_K_M-00001-of-00002.gguf")
    assert first == ("/m", "GLM-Q4_K_M", 2)
    assert split_key("/m/GLM-Q4_K_M-00002-of-00002.GGUF") == first


@pytest.mark.parametrize(
    "other",
    [
        "/n/GLM-Q4_K_M-00002-of-00002.gguf",
        "/m/GLM-Q8_0-00002-of-00002.gguf",
        "/m/GLM-Q4_K_M-00002-of-00003.gguf",
        "/m/GLM-Q4_K_M-00003-of-00002.gguf",
        "/m/GLM-Q4_K_M.gguf",
    ],
)
def test_shards_of_another_model_have_another_key(other: str) -> None:
    assert split_key(other) != ("/m", "GLM-Q4_K_M", 2)
