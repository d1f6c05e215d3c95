"""What the format's own Python package writes is read the same, and it reads what we write."""

from __future__ import annotations

from pathlib import Path

import gguf as oracle
import numpy
import pytest

from models_app.core import gguf
from tests.fakes.gguf_models import llama_31_8b, llama_like

Writer = oracle.GGUFWriter
LITTLE, BIG = oracle.GGUFEndian.LITTLE, oracle.GGUFEndian.BIG


def _finish(writer: Writer) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize("endian", [LITTLE, BIG], ids=["little", "big"])
def test_every_value_type_of_its_writer_is_read(endian: oracle.GGUFEndian, tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    writer = Writer(path, "llama", endianess=endian)
    writer.add_uint8("u8", 200)
    writer.add_int8("i8", -100)
    writer.add_uint16("u16", 60_000)
    writer.add_int16("i16", -30_000)
    writer.add_uint32("u32", 4_000_000_000)
    writer.add_int32("i32", -2_000_000_000)
    writer.add_uint64("u64", 1 << 63)
    writer.add_int64("i64", -(1 << 62))
    writer.add_float32("f32", 0.25)
    writer.add_float64("f64", 1e-300)
    writer.add_bool("yes", True)
    writer.add_string("text", "naïve 😀")
    writer.add_array("numbers", [1, -2, 3])
    writer.add_array("floats", [0.5, 1.5])
    writer.add_array("flags", [True, False])
    writer.add_array("texts", ["", "a", "é"])
    writer.add_array("tokens", [f"token {number}" for number in range(3000)])
    _finish(writer)
    header = gguf.read(path)
    arrays = {key: value for key, value in header.values.items() if header.array(key)}
    assert {key: header.values[key] for key in header.values.keys() - arrays.keys()} == {
        "general.architecture": "llama",
        "u8": 200,
        "i8": -100,
        "u16": 60_000,
        "i16": -30_000,
        "u32": 4_000_000_000,
        "i32": -2_000_000_000,
        "u64": 1 << 63,
        "i64": -(1 << 62),
        "f32": 0.25,
        "f64": 1e-300,
        "yes": True,
        "text": "naïve 😀",
    }
    found = {key: array.items for key in arrays if (array := header.array(key))}
    assert found == {
        "numbers": [1, -2, 3],
        "floats": [0.5, 1.5],
        "flags": [True, False],
        "texts": ["", "a", "é"],
        "tokens": None,
    }
    assert header.big_endian == (endian == BIG)


@pytest.mark.parametrize("endian", [LITTLE, BIG], ids=["little", "big"])
@pytest.mark.parametrize("alignment", [32, 256])
def test_its_tensors_are_found_where_it_wrote_them(
    endian: oracle.GGUFEndian, alignment: int, tmp_path: Path
) -> None:
    path = tmp_path / "x.gguf"
    writer = Writer(path, "llama", endianess=endian)
    writer.add_custom_alignment(alignment)
    first = numpy.arange(12, dtype=numpy.float32).reshape(3, 4)
    second = numpy.arange(5, dtype=numpy.float16)
    for name, data in (("first", first), ("second", second)):
        writer.add_tensor(name, data)
    _finish(writer)
    header = gguf.read(path)
    assert [(t.name, t.dims, t.type_id, t.nbytes) for t in header.tensors] == [
        ("first", (4, 3), 0, 48),
        ("second", (5,), 1, 10),
    ]
    assert header.data_offset is not None and not header.incomplete
    content = path.read_bytes()[header.data_offset + header.tensors[1].offset :][:10]
    order = ">" if endian == BIG else "<"
    assert numpy.frombuffer(content, f"{order}f2").tolist() == second.tolist()


def test_its_reader_finds_the_same_in_our_file(tmp_path: Path) -> None:
    path = llama_like(tmp_path / "x.gguf", data="full")
    ours, theirs = gguf.read(path), oracle.GGUFReader(path)
    assert ours.data_offset == theirs.data_offset
    assert [(t.name, t.dims, t.type_id, t.nbytes, t.elements) for t in ours.tensors] == [
        (t.name, tuple(t.shape), t.tensor_type, t.n_bytes, t.n_elements) for t in theirs.tensors
    ]
    own_fields = {key for key in theirs.fields if not key.startswith("GGUF.")}
    assert own_fields == ours.values.keys()


def test_a_model_of_8_b_has_the_known_figures(tmp_path: Path) -> None:
    header = gguf.read(llama_31_8b(tmp_path / "x.gguf"))
    parameters = sum(tensor.elements for tensor in header.tensors)
    nbytes = sum(tensor.nbytes for tensor in header.tensors)
    assert parameters == 8_030_261_248
    assert round(8 * nbytes / parameters, 3) == 4.894
    assert not header.incomplete
