from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_app.core.facts import Facts, derive, from_file_name
from models_app.core.file_names import parse_file_name
from models_app.core.gguf import ArrayValue, Value
from models_app.core.tensors import TensorSummary
from tests.fakes.headers import array_of, decoder_header, header_of, summary_of

# A busy machine is no failure.
relaxed = settings(deadline=None, max_examples=80)

SCALARS = (
    st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats()
    | st.text(st.characters(), max_size=8)
)
ARRAYS = st.builds(
    ArrayValue,
    st.integers(0, 12),
    st.integers(0, 1 << 22),
    st.just(0),
    st.none() | st.lists(SCALARS, max_size=5),
)
VALUES: st.SearchStrategy[Value] = SCALARS | ARRAYS
KEYS = [
    "general.architecture", "general.type", "general.name", "general.file_type", "general.tags",
    "general.license", "general.license.link", "general.base_model.count", "split.count",
    "general.base_model.0.name", "general.languages", "llama.block_count", "llama.pooling_type",
    "llama.context_length", "llama.attention.head_count", "llama.attention.causal",
    "llama.expert_count", "tokenizer.ggml.tokens", "tokenizer.ggml.model",
    "tokenizer.chat_template", "clip.vision.projection_dim", "adapter.type",
]  # fmt: skip


@relaxed
@given(st.dictionaries(st.sampled_from(KEYS), VALUES), st.booleans())
def test_no_value_of_any_type_makes_derive_raise(values: dict[str, Value], known: bool) -> None:
    if known:
        values["general.architecture"] = "llama"
    facts = derive(header_of(values), TensorSummary())
    for field in fields(Facts):
        value = getattr(facts, field.name)
        if isinstance(value, str):
            value.encode()  # no surrogates: any database takes it
            assert "\0" not in value
    stored = facts.to_json()
    assert "chat_template" not in stored
    json.dumps(stored, allow_nan=False, ensure_ascii=False).encode()


@relaxed
@given(st.text())
def test_no_file_name_makes_the_fallback_raise(name: str) -> None:
    facts = from_file_name(parse_file_name(name))
    assert facts.parameters is None
    assert facts.context_length is None


@pytest.mark.parametrize("wrong", ["8192", 8192.0, True, 0, -1, 1 << 32, array_of([])])
def test_a_context_length_that_is_no_number_is_unknown(wrong: Value) -> None:
    header = decoder_header(llama__context_length=wrong)
    assert derive(header, TensorSummary()).context_length is None


def test_heads_that_differ_by_layer_show_the_largest() -> None:
    header = decoder_header(**{"llama.attention.head_count_kv": array_of([0, 8, 4])})
    assert derive(header, TensorSummary()).kv_heads == 8


def test_impossible_parameter_counts_are_unknown() -> None:
    summary = TensorSummary(count=2, parameters=1 << 64, nbytes=1 << 64)
    facts = derive(decoder_header(), summary)
    assert facts.parameters is None
    assert facts.bits_per_weight is None


def test_an_architecture_with_markup_stays_data() -> None:
    values: dict[str, Any] = {"general.architecture": "<script>alert(1)</script>"}
    facts = derive(header_of(values), summary_of([]))
    assert facts.architecture == "<script>alert(1)</script>"
    assert facts.kind == "unknown"


def test_a_header_without_keys_gives_facts_without_figures() -> None:
    assert derive(header_of({}), TensorSummary()) == Facts()
