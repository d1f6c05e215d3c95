from __future__ import annotations

import pytest

from models_app.core.facts import derive, from_file_name
from models_app.core.file_names import parse_file_name
from models_app.core.gguf import Value
from models_app.core.labels import Label
from tests.fakes.gguf_models import TensorLine
from tests.fakes.headers import decoder_header, summary_of

Q4_K_M, F16, Q8_0 = 15, 1, 7


def lines(*types: str, row: int = 512) -> list[TensorLine]:
    return [(f"blk.{i}.attn_q.weight", (row, 256), name) for i, name in enumerate(types)]


def label(tensors: list[TensorLine], file_type: Value | None, name: str = "model.gguf") -> Label:
    values: dict[str, Value] = {} if file_type is None else {"general.file_type": file_type}
    header = decoder_header(**values)
    return derive(header, summary_of(tensors), parse_file_name(name)).quantization


def test_file_type_names_the_label() -> None:
    found = label(lines("Q4_K", "Q4_K", "Q6_K"), Q4_K_M)
    assert (found.text, found.source) == ("Q4_K_M", "file_type")


def test_a_file_type_that_the_layers_contradict_is_not_believed() -> None:
    found = label(lines(*["Q4_K"] * 19, "Q6_K"), F16)
    assert (found.text, found.source) == ("Q4_K", "tensors")


def test_a_contradicted_file_type_leaves_small_or_medium_open() -> None:
    """Not "Q4_K_M": the tensors alone are those of a Q4_K_S as well."""
    assert label(lines("Q4_K", "Q4_K"), F16).text == "Q4_K"


def test_rows_that_cannot_hold_the_type_do_not_contradict_it() -> None:
    tensors = lines("Q8_0", "Q5_0", row=96) + lines("Q4_K")
    assert label(tensors, Q4_K_M).text == "Q4_K_M"


def test_the_name_settles_what_tensors_cannot_tell() -> None:
    found = label(lines("Q4_K", "Q4_K"), None, "x-Q4_K_S.gguf")
    assert (found.text, found.source) == ("Q4_K_S", "name")


def test_a_name_that_the_tensors_contradict_is_not_believed() -> None:
    found = label(lines("Q4_K", "Q4_K"), None, "x-Q8_0.gguf")
    assert (found.text, found.source) == ("Q4_K", "tensors")


@pytest.mark.parametrize("file_type", [1024, 999, -1, "Q4_K_M", 15.0, True])
def test_a_file_type_nobody_knows_gives_no_label_of_its_own(file_type: Value) -> None:
    assert label(lines("Q6_K"), file_type).source == "tensors"


@pytest.mark.parametrize("name", ["x-UD-Q4_K_XL.gguf", "x-Q4_K_L.gguf"])
def test_the_name_adds_the_variant(name: str) -> None:
    found = label(lines("Q4_K"), Q4_K_M, name)
    assert found.text == "Q4_K_M"
    assert found.variant == name.removeprefix("x-").removesuffix(".gguf")


@pytest.mark.parametrize("name", ["x-Q4_K_M.gguf", "x-UD-Q8_K_XL.gguf", "x-Q3_K_L.gguf"])
def test_a_name_that_says_the_same_or_another_width_adds_no_variant(name: str) -> None:
    assert label(lines("Q4_K"), Q4_K_M, name).variant is None


def test_an_importance_matrix_is_known_by_its_keys_or_the_name() -> None:
    assert not label(lines("Q4_K"), Q4_K_M).imatrix
    assert label(lines("Q4_K"), Q4_K_M, "x.i1-Q4_K_M.gguf").imatrix
    header = decoder_header(**{"quantize.imatrix.entries_count": 12})
    assert derive(header, summary_of(lines("Q4_K"))).quantization.imatrix


def test_a_vocabulary_has_no_label_whatever_its_file_type_says() -> None:
    assert label([], F16, "x-Q8_0.gguf") == Label()


def test_an_unreadable_file_is_labelled_by_its_name() -> None:
    found = from_file_name(parse_file_name("Qwen3-8B-UD-Q4_K_XL.gguf")).quantization
    assert (found.text, found.source) == ("UD-Q4_K_XL", "name")


def test_an_unreadable_file_with_a_plain_name_has_no_label() -> None:
    assert from_file_name(parse_file_name("model.gguf")).quantization == Label()
