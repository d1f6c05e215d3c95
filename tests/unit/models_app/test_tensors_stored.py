from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_app.core.tensors import MAX_SUM, TensorSummary, summarise
from tests.fakes.gguf_models import decoder_tensors
from tests.fakes.headers import summary_of, tensor_of

# A busy machine is no failure.
relaxed = settings(deadline=None, max_examples=80)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)
FIELDS = tuple(TensorSummary().to_json())


def small() -> TensorSummary:
    return summary_of(
        decoder_tensors(
            layers=3, embedding=256, kv_width=128, feed_forward=512, vocab=320, label="Q4_K_M"
        )
    )


def test_a_summary_comes_back_from_json_as_it_was() -> None:
    summary = small()
    assert TensorSummary.from_json(json.loads(json.dumps(summary.to_json()))) == summary


def test_an_empty_summary_comes_back_too() -> None:
    assert TensorSummary.from_json(TensorSummary().to_json()) == TensorSummary()


def test_the_stored_form_of_eighty_layers_stays_small() -> None:
    lines = decoder_tensors(
        layers=80, embedding=8192, kv_width=1024, feed_forward=28672, vocab=128256, label="Q4_K_M"
    )
    assert len(json.dumps(summary_of(lines).to_json())) < 2000


def test_a_sum_beyond_64_bits_is_kept_at_the_edge() -> None:
    tensor = tensor_of("blk.0.x", (1, 1))._replace(nbytes=1 << 62, elements=1 << 62)
    stored = summarise([tensor] * 8).to_json()
    assert stored["nbytes"] == MAX_SUM
    assert TensorSummary.from_json(stored).parameters == MAX_SUM


@pytest.mark.parametrize("stored", [None, [], "x", 3, {}, {"format": 99}])
def test_what_is_no_summary_is_refused_in_plain_words(stored: object) -> None:
    with pytest.raises(ValueError, match="stored tensor summary"):
        TensorSummary.from_json(stored)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("damage", [-1, 1.5, "7", [1], [[1]], {"a": 1}])
def test_a_damaged_field_is_refused(field: str, damage: object) -> None:
    stored = {**small().to_json(), field: damage}
    if field in ("layers", "experts") and damage == [1]:
        return  # a list of one size is what these fields hold
    with pytest.raises(ValueError, match="stored tensor summary"):
        TensorSummary.from_json(stored)


@relaxed
@given(JSON, st.sampled_from(FIELDS))
def test_no_json_value_ever_gives_another_error(value: Any, field: str) -> None:
    for stored in (value, {**small().to_json(), field: value}):
        try:
            TensorSummary.from_json(stored)
        except ValueError as error:
            assert "stored tensor summary" in str(error)
