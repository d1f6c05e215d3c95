from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_app.core.gguf import Tensor
from models_app.core.tensors import MAX_LAYERS, TensorSummary, merge, summarise
from tests.fakes.gguf_models import TensorLine
from tests.fakes.headers import summary_of, tensor_of

# A busy machine is no failure.
relaxed = settings(deadline=None, max_examples=80)

SMALL_MODEL: list[TensorLine] = [
    ("token_embd.weight", (256, 1000), "Q4_K"),
    ("blk.0.attn_q.weight", (256, 256), "Q4_K"),
    ("blk.0.ffn_down_exps.weight", (512, 256, 8), "Q6_K"),
    ("blk.1.attn_q.weight", (256, 256), "Q6_K"),
    ("blk.1.attn_norm.weight", (256,), "F32"),
    ("output_norm.weight", (256,), "F32"),
    ("output.weight", (256, 1000), "Q6_K"),
]
NAMES = st.sampled_from([line[0] for line in SMALL_MODEL] + ["blk.77.x", "cls.weight", "odd"])
TENSORS = st.builds(
    lambda name, width, rows, kind: tensor_of(name, (width, rows), kind),
    NAMES,
    st.sampled_from([256, 512]),
    st.integers(0, 64),
    st.sampled_from(["F32", "Q4_K", "Q8_0", "MXFP4"]),
)


def test_elements_and_bytes_are_added_up() -> None:
    summary = summary_of(SMALL_MODEL)
    assert summary.count == 7
    assert summary.parameters == 2 * 256_000 + 2 * 65_536 + 1_048_576 + 2 * 256
    assert summary.nbytes == sum(nbytes for _, nbytes in summary.types.values())


def test_every_byte_belongs_to_a_layer_the_embedding_or_the_output() -> None:
    summary = summary_of(SMALL_MODEL)
    assert sum(summary.layers) + summary.embedding + summary.output == summary.nbytes


def test_experts_are_counted_within_their_layer() -> None:
    summary = summary_of(SMALL_MODEL)
    assert summary.experts == (1_048_576 // 256 * 210, 0)
    assert summary.layers[0] == summary.experts[0] + 65_536 // 256 * 144


def test_the_vocabulary_is_the_embeddings_row_count() -> None:
    assert summary_of(SMALL_MODEL).vocabulary_rows == 1000


def test_a_model_without_an_output_matrix_is_tied() -> None:
    assert not summary_of(SMALL_MODEL).tied
    assert summary_of(SMALL_MODEL[:-1]).tied


def test_only_rows_of_whole_blocks_are_asked_for_the_label() -> None:
    summary = summary_of(
        [("blk.0.a.weight", (512, 2), "Q4_K"), ("blk.0.b.weight", (64, 2), "Q8_0")]
    )
    assert summary.bytes_of_rows(256).total() == 512 * 2 // 256 * 144
    assert summary.bytes_of_rows(32).total() == 512 * 2 // 256 * 144 + 64 * 2 // 32 * 34


def test_the_mix_names_the_shares_of_the_bytes_largest_first() -> None:
    mix = summary_of(SMALL_MODEL).mix()
    assert list(mix) == ["Q6_K", "Q4_K", "F32"]
    assert sum(mix.values()) == pytest.approx(1)


def test_an_absurd_layer_number_makes_no_list_of_its_length() -> None:
    summary = summarise([tensor_of("blk.999999999.attn_q.weight", (256, 256))])
    assert summary.layers == ()
    assert summary.output == summary.nbytes


def test_types_without_a_name_share_one_entry() -> None:
    tensors = [Tensor(f"t{i}", (1,), 1000 + i, 0, 4, 1) for i in range(50)]
    assert summarise(tensors).mix() == {"unknown": 1.0}


def test_no_tensors_give_an_empty_summary() -> None:
    assert summarise([]) == TensorSummary()


@relaxed
@given(st.lists(TENSORS, max_size=20), st.integers(0, 20))
def test_shards_merge_to_what_one_file_would_say(tensors: list[Tensor], cut: int) -> None:
    halves = summarise(tensors[:cut]), summarise(tensors[cut:])
    assert merge(*halves) == merge(*reversed(halves))
    assert merge(*halves) == summarise(tensors)
    assert len(merge(*halves).layers) <= MAX_LAYERS
