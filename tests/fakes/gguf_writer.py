"""A small writer of GGUF files for the tests: valid ones, odd ones, and broken ones on purpose.

    GGUFBuilder().value("general.architecture", "llama").tensor("output.weight", (4096, 32000),
        "Q6_K").write(path, data="sparse")

It checks nothing, so that every mistake can be written down. Tensor data are zeros; with
data="sparse" a file of an 8 B model has its real size and costs a few kilobytes of disk.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

from models_app.core.quantization import TENSOR_TYPE_IDS, TENSOR_TYPES

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
_CODES: Final = "BbHhIif?__Qqd"

Data = Literal["full", "sparse", "cut", "none"]
Plain = bool | int | float | str | bytes


@dataclass(frozen=True, slots=True)
class Typed:
    """A value of an exact type, where the usual one (u32, i64, f32) is not meant."""

    type: int
    value: Plain | Sequence[Plain]
    item_type: int = U32


@dataclass(frozen=True, slots=True)
class TensorSpec:
    name: str | bytes
    dims: tuple[int, ...]
    type_id: int
    offset: int
    nbytes: int


class GGUFBuilder:
    def __init__(self, *, version: int = 3, big_endian: bool = False, alignment: int = 32) -> None:
        self.version = version
        self.order = ">" if big_endian else "<"
        self.alignment = alignment
        self.value_count: int | None = None  # None: as many as there are
        self.tensor_count: int | None = None
        self._values: list[bytes] = []
        self._tensors: list[TensorSpec] = []
        self.data_bytes = 0

    # -- what the header holds
    def value(self, key: str | bytes, value: Plain | Sequence[Plain] | Typed) -> Self:
        typed = value if isinstance(value, Typed) else _typed(value)
        body = self.text(key) + self.pack("I", typed.type) + self._payload(typed)
        self._values.append(body)
        return self

    def raw_value(self, body: bytes) -> Self:
        self._values.append(body)
        return self

    def tensor(
        self,
        name: str | bytes,
        dims: Sequence[int],
        type_name: str | int = "F32",
        *,
        offset: int | None = None,
    ) -> Self:
        type_id = TENSOR_TYPE_IDS[type_name] if isinstance(type_name, str) else type_name
        nbytes = tensor_bytes(dims, type_id)
        at = self.data_bytes if offset is None else offset
        self._tensors.append(TensorSpec(name, tuple(dims), type_id, at, nbytes))
        if offset is None:
            self.data_bytes = _aligned(at + nbytes, self.alignment)
        return self

    # -- bytes
    def pack(self, code: str, *values: float) -> bytes:
        return struct.pack(self.order + code, *values)

    def text(self, text: str | bytes) -> bytes:
        raw = text.encode() if isinstance(text, str) else text
        return self.length(len(raw)) + raw

    def length(self, count: int) -> bytes:
        return self.pack("I" if self.version == 1 else "Q", count)

    def header(self) -> bytes:
        values = len(self._values) if self.value_count is None else self.value_count
        tensors = len(self._tensors) if self.tensor_count is None else self.tensor_count
        start = b"GGUF" + self.pack("I", self.version) + self.length(tensors) + self.length(values)
        return start + b"".join(self._values) + b"".join(map(self._info, self._tensors))

    def write(self, path: Path, data: Data = "full") -> Path:
        header = self.header()
        begin = _aligned(len(header), self.alignment)
        end = begin + self.data_bytes
        with path.open("wb") as file:
            file.write(header)
            if data == "full":
                file.write(bytes(end - len(header)))
            elif data == "sparse":
                file.truncate(end)
            elif data == "cut":
                file.truncate(begin + self.data_bytes // 2)
        return path

    def _info(self, tensor: TensorSpec) -> bytes:
        dims = b"".join(self.length(n) for n in tensor.dims)
        rank = self.pack("I", len(tensor.dims))
        return self.text(tensor.name) + rank + dims + self.pack("IQ", tensor.type_id, tensor.offset)

    def _payload(self, typed: Typed) -> bytes:
        if typed.type != ARRAY:
            return self._item(typed.type, typed.value)
        items = typed.value
        assert isinstance(items, Sequence) and not isinstance(items, str)
        head = self.pack("I", typed.item_type) + self.length(len(items))
        if typed.item_type == STRING:
            return head + b"".join(self.text(item) for item in items)  # type: ignore[arg-type]
        return head + self.pack(f"{len(items)}{_CODES[typed.item_type]}", *items)  # type: ignore[arg-type]

    def _item(self, kind: int, value: object) -> bytes:
        if kind == STRING:
            assert isinstance(value, str | bytes)
            return self.text(value)
        assert isinstance(value, int | float)
        return self.pack(_CODES[kind], value)


def strings(items: Sequence[str | bytes]) -> Typed:
    return Typed(ARRAY, items, STRING)


def array(item_type: int, items: Sequence[Plain]) -> Typed:
    return Typed(ARRAY, items, item_type)


def tensor_bytes(dims: Sequence[int], type_id: int) -> int:
    """Of an unknown type: one byte a number, so that such a tensor takes some place."""
    kind = TENSOR_TYPES.get(type_id)
    if kind is None:
        return math.prod(dims)
    return math.prod(dims) // kind.block_elements * kind.block_bytes


def _aligned(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment if alignment > 0 else offset


def _typed(value: Plain | Sequence[Plain]) -> Typed:
    if isinstance(value, str | bytes):
        return Typed(STRING, value)
    if isinstance(value, Sequence):
        item_type = _typed(value[0]).type if value else U32
        return Typed(ARRAY, value, item_type)
    return Typed(_scalar_type(value), value)


def _scalar_type(value: bool | int | float) -> int:
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, float):
        return F32
    if value < 0:
        return I32 if value >= -(1 << 31) else I64
    return U32 if value < 1 << 32 else U64
