from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from models_app.core import gguf
from tests.fakes.gguf_writer import (
    BOOL,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    GGUFBuilder,
    Typed,
    array,
    strings,
)

EXTREMES = [
    (U8, 255),
    (I8, -128),
    (U16, 65_535),
    (I16, -32_768),
    (U32, (1 << 32) - 1),
    (I32, -(1 << 31)),
    (U64, (1 << 64) - 1),
    (I64, -(1 << 63)),
    (F32, -0.5),
    (F64, 1e300),
    (BOOL, True),
]
BYTE_ORDERS = pytest.mark.parametrize("big_endian", [False, True], ids=["little", "big"])


def _read(builder: GGUFBuilder, tmp_path: Path) -> gguf.Header:
    return gguf.read(builder.write(tmp_path / "x.gguf"))


@BYTE_ORDERS
@pytest.mark.parametrize("version", [2, 3])
def test_every_scalar_type_is_read(version: int, big_endian: bool, tmp_path: Path) -> None:
    builder = GGUFBuilder(version=version, big_endian=big_endian)
    for kind, value in EXTREMES:
        builder.value(f"k{kind}", Typed(kind, value))
    header = _read(builder, tmp_path)
    assert header.values == {f"k{kind}": value for kind, value in EXTREMES}
    assert (header.version, header.big_endian) == (version, big_endian)


@BYTE_ORDERS
def test_every_short_array_is_kept(big_endian: bool, tmp_path: Path) -> None:
    builder = GGUFBuilder(big_endian=big_endian)
    for kind, value in EXTREMES:
        builder.value(f"k{kind}", array(kind, [value, value]))
    header = _read(builder.value("texts", strings(["a", "", "é"])), tmp_path)
    for kind, value in EXTREMES:
        found = header.array(f"k{kind}")
        assert found is not None
        assert (found.item_type, found.count, found.items) == (kind, 2, [value, value])
    texts = header.array("texts")
    assert texts is not None and texts.items == ["a", "", "é"]


@BYTE_ORDERS
def test_what_follows_long_arrays_is_found(big_endian: bool, tmp_path: Path) -> None:
    builder = GGUFBuilder(big_endian=big_endian)
    builder.value("tokens", strings([b"token %d" % i for i in range(5000)]))
    builder.value("scores", array(F32, [0.5] * 5000)).value("last", "here")
    header = _read(builder.tensor("t", (256, 2), "Q4_K"), tmp_path)
    tokens, scores = header.array("tokens"), header.array("scores")
    assert tokens is not None and (tokens.count, tokens.items) == (5000, None)
    assert scores is not None and (scores.count, scores.items) == (5000, None)
    assert header.text("last") == "here"
    assert header.tensors == [gguf.Tensor("t", (256, 2), 12, 0, 288, 512)]
    assert not header.incomplete


def test_getters_answer_only_for_their_type(tmp_path: Path) -> None:
    builder = GGUFBuilder().value("text", "7").value("whole", 7).value("real", 7.5)
    builder.value("yes", True).value("list", [7]).value("nan", math.nan)
    header = _read(builder, tmp_path)
    getters = (header.text, header.integer, header.number, header.boolean)
    answers = {key: [getter(key) for getter in getters] for key in header.values}
    assert answers == {
        "text": ["7", None, None, None],
        "whole": [None, 7, 7, None],
        "real": [None, None, 7.5, None],
        "yes": [None, None, None, True],
        "list": [None, None, None, None],
        "nan": [None, None, None, None],
    }
    assert header.array("text") is None and header.array("absent") is None


def test_architecture_is_none_when_it_is_no_text(tmp_path: Path) -> None:
    assert _read(GGUFBuilder().value("general.architecture", 7), tmp_path).architecture is None
    assert _read(GGUFBuilder().value("general.architecture", "bert"), tmp_path).architecture == (
        "bert"
    )


def test_the_alignment_moves_the_data(tmp_path: Path) -> None:
    builder = GGUFBuilder(alignment=4096).value("general.alignment", 4096).tensor("t", (8,))
    header = _read(builder, tmp_path)
    assert header.data_offset == 4096
    assert header.file_size == 8192 and not header.incomplete


def test_without_the_tensors_the_place_of_the_data_is_unknown(tmp_path: Path) -> None:
    path = GGUFBuilder().value("k", 1).tensor("t", (8,)).write(tmp_path / "x.gguf")
    header = gguf.read(path, want_tensors=False)
    assert (header.values, header.tensors, header.data_offset) == ({"k": 1}, [], None)


def test_a_very_long_text_is_cut_and_said_to_be(tmp_path: Path) -> None:
    path = GGUFBuilder().value("k", "x" * 100).value("last", 1).write(tmp_path / "x.gguf")
    header = gguf.read(path, limits=gguf.Limits(kept_text_bytes=10))
    assert header.values == {"k": "x" * 10, "last": 1}
    assert header.warnings == ["'k' is 100 bytes long: cut at 10"]


def test_storable_values_are_json_and_fit_a_database(tmp_path: Path) -> None:
    builder = GGUFBuilder().value("nan", math.nan).value("big", (1 << 64) - 1)
    builder.value("nul", "a\0b").value("list", array(F64, [1.5, math.inf]))
    builder.value("tokens", strings(["t"] * 65)).value("yes", True)
    stored = {key: gguf.storable(value) for key, value in _read(builder, tmp_path).values.items()}
    assert json.loads(json.dumps(stored, allow_nan=False)) == {
        "nan": None,
        "big": "18446744073709551615",
        "nul": "a\ufffdb",
        "list": {"type": F64, "count": 2, "items": [1.5, None]},
        "tokens": {"type": 8, "count": 65, "items": None},
        "yes": True,
    }
