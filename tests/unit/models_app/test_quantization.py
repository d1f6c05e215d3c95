"""The tables against those of the format's own Python package."""

from __future__ import annotations

import pytest
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, LlamaFileType

from models_app.core.quantization import FILE_TYPES, TENSOR_TYPE_IDS, TENSOR_TYPES


def test_tensor_types_are_those_of_ggml() -> None:
    theirs = {int(kind): (kind.name, *GGML_QUANT_SIZES[kind]) for kind in GGMLQuantizationType}
    assert {number: tuple(kind) for number, kind in TENSOR_TYPES.items()} == theirs


def test_file_types_are_those_of_llama_cpp() -> None:
    theirs = {
        int(kind): kind.name.removeprefix("ALL_").removeprefix("MOSTLY_") for kind in LlamaFileType
    }
    assert theirs.pop(1024) == "GUESSED"
    assert {number: kind.label for number, kind in FILE_TYPES.items()} == theirs


def test_every_file_type_is_dominated_by_a_known_tensor_type() -> None:
    assert {kind.dominant for kind in FILE_TYPES.values()} <= TENSOR_TYPE_IDS.keys()


@pytest.mark.parametrize(
    ("name", "bits"),
    [("F16", 16), ("Q4_0", 4.5), ("Q6_K", 6.5625), ("IQ1_S", 1.5625), ("Q1_0", 1.125)],
)
def test_bits_per_weight_come_from_the_block(name: str, bits: float) -> None:
    assert TENSOR_TYPES[TENSOR_TYPE_IDS[name]].bits_per_weight == bits
