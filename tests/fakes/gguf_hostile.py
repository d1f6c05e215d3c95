"""Files made to hurt a reader of GGUF, each with the outcome it must have."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from tests.fakes.gguf_writer import (
    ARRAY,
    BOOL,
    F32,
    I32,
    STRING,
    U8,
    U32,
    U64,
    GGUFBuilder,
    Typed,
    array,
    strings,
)

MIB: Final = 1 << 20
GIB: Final = 1 << 30
U64_MAX: Final = (1 << 64) - 1

Writer = Callable[[Path], object]


class Hostile(NamedTuple):
    name: str
    outcome: str  # an ErrorKind, "ok" or "incomplete"
    write: Writer


def _good() -> GGUFBuilder:
    builder = GGUFBuilder().value("general.architecture", "llama").value("llama.block_count", 2)
    return builder.tensor("output.weight", (256, 4), "F32").tensor("norm", (256,), "F32")


def _bytes(content: bytes) -> Writer:
    return lambda path: path.write_bytes(content)


def _sparse(content: bytes, size_bytes: int) -> Writer:
    """`content`, and zeros up to a size that takes no disk."""

    def write(path: Path) -> None:
        path.write_bytes(content)
        os.truncate(path, size_bytes)

    return write


def _start(version: int = 3, tensors: int = 0, values: int = 0) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, values)


def _one(key: str, value: object) -> Writer:
    return lambda path: GGUFBuilder().value(key, value).write(path)  # type: ignore[arg-type]


def _raw(body: bytes, key: str = "k", size_bytes: int = 0) -> Writer:
    """One key-value whose type and value are the raw `body`."""

    def write(path: Path) -> None:
        builder = GGUFBuilder()
        path.write_bytes(builder.raw_value(builder.text(key) + body).header())
        if size_bytes:
            os.truncate(path, size_bytes)

    return write


def _array(item_type: int, count: int, body: bytes = b"", size_bytes: int = 0) -> Writer:
    return _raw(struct.pack("<IIQ", ARRAY, item_type, count) + body, size_bytes=size_bytes)


def _built(change: Callable[[GGUFBuilder], object]) -> Writer:
    def write(path: Path) -> None:
        builder = _good()
        change(builder)
        builder.write(path, "full" if builder.data_bytes < MIB else "none")

    return write


def _counts(what: str, count: int, size_bytes: int) -> Writer:
    tensors, values = (count, 2) if what == "tensors" else (2, count)
    content = _start(tensors=tensors, values=values) + _good().header()[24:]
    return _sparse(content, max(size_bytes, len(content)))


def _text_of(length: int, size_bytes: int) -> Writer:
    return _raw(struct.pack("<IQ", STRING, length), size_bytes=size_bytes)


def _after_good(info: bytes, size_bytes: int) -> Writer:
    """One more tensor info behind the good ones, byte by byte."""
    builder = _good()
    builder.tensor_count = 3
    return _sparse(builder.header() + info, size_bytes)


def _u64(number: int) -> bytes:
    return struct.pack("<Q", number)


def _nested(depth: int) -> Writer:
    """Arrays of one array each, `depth` levels deep."""
    return _raw(struct.pack("<I", ARRAY) + struct.pack("<IQ", ARRAY, 1) * depth)


def _three_arrays(path: Path) -> None:
    """Each array is allowed, all three together are not; the texts are all empty."""
    builder = GGUFBuilder()
    builder.value_count = 3
    with path.open("wb") as file:
        file.write(builder.header())
        for key in ("a", "b", "c"):
            file.write(builder.text(key) + struct.pack("<IIQ", ARRAY, STRING, MIB))
            file.seek(8 * MIB, os.SEEK_CUR)
        file.truncate()


def _many_small_arrays(path: Path) -> None:
    """Thousands of arrays in one window: each must not pay for the whole window."""
    builder = GGUFBuilder()
    texts = strings([b"t%d" % i for i in range(1100)])
    for number in range(300):
        builder.value(f"k{number}", texts)
    builder.write(path)


def _many_kept_texts(path: Path) -> None:
    """Sixteen texts of a size that is kept, in a file that takes no disk."""
    builder = GGUFBuilder()
    builder.value_count = 16
    with path.open("wb") as file:
        file.write(builder.header())
        for number in range(16):
            file.write(builder.text(f"k{number}") + struct.pack("<IQ", STRING, MIB))
            file.seek(MIB, os.SEEK_CUR)
        file.truncate()


def _many_scalar_arrays(path: Path) -> None:
    builder = GGUFBuilder()
    for number in range(1000):
        builder.value(f"k{number}", array(F32, [0.5] * 1024))
    builder.write(path)


def _tensor(name: str | bytes, dims: tuple[int, ...], kind: str | int, **extra: int) -> Writer:
    return _built(lambda builder: builder.tensor(name, dims, kind, **extra))


def _value(key: str | bytes, value: object) -> Writer:
    return _built(lambda builder: builder.value(key, value))  # type: ignore[arg-type]


_WHAT_IS_NOT_GGUF: Final = [
    Hostile("no_bytes", "empty", _bytes(b"")),
    Hostile("three_bytes", "bad_magic", _bytes(b"GGU")),
    Hostile("magic_only", "truncated", _bytes(b"GGUF")),
    Hostile("zip", "bad_magic", _bytes(b"PK\x03\x04" + bytes(60))),
    Hostile("html", "bad_magic", _bytes(b"<!DOCTYPE html><html>404</html>")),
    Hostile(
        "git_lfs_pointer",
        "bad_magic",
        _bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4\n"),
    ),
    Hostile("safetensors", "bad_magic", _bytes(struct.pack("<Q", 32) + b'{"__metadata__":{}}')),
    Hostile("zeros", "bad_magic", _sparse(b"", MIB)),
    Hostile("ggml", "legacy_ggml", _bytes(b"lmgg" + bytes(60))),
    Hostile("ggmf", "legacy_ggml", _bytes(b"fmgg" + bytes(60))),
    Hostile("ggjt", "legacy_ggml", _bytes(b"tjgg" + bytes(60))),
    Hostile("byte_swapped_magic", "legacy_ggml", _bytes(b"FUGG" + bytes(60))),
    Hostile("version_0", "unsupported_version", _bytes(_start(0))),
    Hostile("version_1", "unsupported_version", _bytes(_start(1))),
    Hostile("version_4", "unsupported_version", _bytes(_start(4))),
    Hostile("version_max", "unsupported_version", _bytes(_start((1 << 32) - 1))),
    Hostile(
        "mixed_byte_order",
        "bad_count",
        _bytes(b"GGUF" + struct.pack(">I", 3) + struct.pack("<QQ", 1, 1) + bytes(64)),
    ),
]

_COUNTS: Final = [
    Hostile(f"{name}_{what}{' in 64 GiB' if size else ''}", "bad_count", _counts(what, count, size))
    for what in ("values", "tensors")
    for name, count in (("billion", 10**9), ("half", 1 << 63), ("all", U64_MAX))
    for size in (0, 64 * GIB)
]

_TEXTS: Final = [
    Hostile("key_of_max", "too_large", _sparse(_start(values=1) + _u64(U64_MAX), 4096)),
    Hostile("key_that_wraps", "too_large", _sparse(_start(values=1) + _u64(U64_MAX - 31), 4096)),
    Hostile("key_of_1_gib", "too_large", _sparse(_start(values=1) + _u64(GIB), 2 * GIB)),
    Hostile("text_of_max", "too_large", _text_of(U64_MAX, 4096)),
    Hostile("text_that_wraps", "too_large", _text_of(U64_MAX - 44, 4096)),
    Hostile("text_past_the_end", "truncated", _text_of(4000, 0)),
    Hostile("text_of_16_mib", "ok", _text_of(16 * MIB, 17 * MIB)),
    Hostile("text_of_1_gib", "too_large", _text_of(GIB, 2 * GIB)),
    Hostile("many_kept_texts", "too_large", _many_kept_texts),
    Hostile("text_not_utf8", "ok", _value("k", b"\xff\xfe\x80abc")),
    Hostile("text_with_nul", "ok", _value("general.name", "a\0b")),
    Hostile("key_empty", "bad_key", _value("", 1)),
    Hostile("key_not_utf8", "bad_key", _value(b"\xff\xfe", 1)),
    Hostile("key_twice", "duplicate_key", _value("general.architecture", "gpt2")),
    Hostile("key_with_control_codes", "ok", _value("a\0b\nc\x1b[31m", 1)),
    Hostile("script_as_name", "ok", _value("general.name", "<script>alert(1)</script>")),
]

_ARRAYS: Final = [
    Hostile("array_of_max_u8", "bad_count", _array(U8, U64_MAX)),
    Hostile("array_count_wraps", "bad_count", _array(U64, 1 << 61)),
    Hostile("array_of_30_gib", "bad_count", _array(U8, 30 * GIB, size_bytes=64 * GIB)),
    Hostile("array_of_max_texts", "bad_count", _array(STRING, U64_MAX)),
    Hostile("30_million_texts", "bad_count", _array(STRING, 30_000_000, size_bytes=241_000_000)),
    Hostile("array_past_the_end", "truncated", _array(U32, 1000)),
    Hostile("texts_past_the_end", "truncated", _array(STRING, 1000)),
    Hostile("last_text_past_the_end", "truncated", _array(STRING, 99, _u64(0) * 98 + _u64(9))),
    Hostile("million_empty_texts", "ok", _array(STRING, MIB, size_bytes=9 * MIB)),
    Hostile("three_arrays_of_a_million", "too_large", _three_arrays),
    Hostile(
        "bad_length_amid_texts",
        "too_large",
        _array(STRING, 9000, (_u64(3) + b"abc") * 5000 + _u64(1 << 40) + bytes(90_000)),
    ),
    Hostile("many_small_arrays", "ok", _many_small_arrays),
    Hostile("many_scalar_arrays", "ok", _many_scalar_arrays),
    Hostile("empty_array", "ok", _value("k", array(U32, []))),
    Hostile("empty_text_array", "ok", _value("k", strings([]))),
    Hostile("array_of_array", "bad_type", _nested(1)),
    Hostile("array_100_000_deep", "bad_type", _nested(100_000)),
    Hostile("array_of_many_arrays", "bad_type", _array(ARRAY, 1 << 20, size_bytes=64 * MIB)),
    Hostile("array_of_unknown_type", "bad_type", _array(13, 1, bytes(64))),
    Hostile("unknown_value_type", "bad_type", _raw(struct.pack("<I", 99) + bytes(64))),
    Hostile("bool_of_2", "ok", _raw(struct.pack("<IB", BOOL, 2))),
]

_ALIGNMENTS: Final = [
    Hostile(f"alignment_{name}", "bad_alignment", _value("general.alignment", value))
    for name, value in (
        ("0", 0),
        ("3", 3),
        ("2_31", 1 << 31),
        ("text", "32"),
        ("negative", Typed(I32, -32)),
        ("bool", True),
        ("array", array(U32, [32])),
    )
]

_TENSORS: Final = [
    Hostile("tensor_twice", "duplicate_tensor", _tensor("norm", (1,), "F32")),
    Hostile("five_dimensions", "bad_tensor", _tensor("t", (1, 1, 1, 1, 1), "F32")),
    Hostile("max_dimensions", "bad_tensor", _after_good(_u64(1) + b"t" + b"\xff" * 4, 4096)),
    Hostile("product_wraps", "bad_tensor", _tensor("t", (1 << 32, 1 << 32), "F32")),
    Hostile("product_of_2_63", "bad_tensor", _tensor("t", (1 << 62, 2), "I8")),
    Hostile("bytes_over_2_63", "bad_tensor", _tensor("t", (1 << 62,), "F64")),
    Hostile("row_not_a_block", "bad_tensor", _tensor("t", (255, 4), "Q4_K")),
    Hostile("unaligned_offset", "bad_tensor", _tensor("t", (1,), "F32", offset=33)),
    Hostile("name_of_5000", "bad_tensor", _tensor("n" * 5000, (1,), "F32")),
    Hostile("name_of_max", "bad_tensor", _after_good(_u64(U64_MAX), 4096)),
    Hostile("name_of_100", "ok", _tensor("n" * 100, (1,), "F32")),
    Hostile("path_as_name", "ok", _tensor("../../etc/passwd", (1,), "F32")),
    Hostile("name_not_utf8", "ok", _tensor(b"\xff\xfe", (1,), "F32")),
    Hostile("name_empty", "ok", _tensor("", (1,), "F32")),
    Hostile("unknown_type", "ok", _tensor("t", (256,), 77)),
    Hostile("removed_type", "ok", _tensor("t", (256,), 4)),
    Hostile("zero_dimension", "ok", _tensor("t", (0, 4), "F32")),
    Hostile("no_dimension", "ok", _tensor("t", (), "F32")),
    Hostile("overlapping", "ok", _tensor("t", (256,), "F32", offset=0)),
    Hostile("offset_past_the_end", "incomplete", _tensor("t", (1,), "F32", offset=GIB)),
    Hostile("offset_near_2_64", "incomplete", _tensor("t", (1,), "F32", offset=U64_MAX - 31)),
    Hostile("header_only", "incomplete", lambda path: _good().write(path, "none")),
    Hostile("half_of_the_data", "incomplete", lambda path: _good().write(path, "cut")),
    Hostile("no_tensor", "ok", _bytes(_start())),
]

_ODD_VALUES: Final = [
    Hostile("architecture_a_number", "ok", _one("general.architecture", 7)),
    Hostile("context_a_text", "ok", _value("llama.context_length", "many")),
    Hostile("no_heads", "ok", _value("llama.attention.head_count", 0)),
    Hostile("max_layers", "ok", _one("llama.block_count", (1 << 32) - 1)),
    Hostile("not_a_number", "ok", _value("llama.rope.freq_base", float("nan"))),
    Hostile("infinity", "ok", _value("llama.rope.freq_base", float("inf"))),
]

HOSTILE: Final[list[Hostile]] = [
    *_WHAT_IS_NOT_GGUF,
    *_COUNTS,
    *_TEXTS,
    *_ARRAYS,
    *_ALIGNMENTS,
    *_TENSORS,
    *_ODD_VALUES,
]
