"""Writes small GGUF files: version 3, little-endian, F32 and F16 tensors.

A tensor without data is a hole: all zero, and no disk space where the file system knows sparse
files. Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

ALIGNMENT: Final = 32
F32: Final = 0
F16: Final = 1

_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
_ZEROS: Final = bytes(1 << 18)

Value = bool | int | float | str | Sequence[str] | Sequence[int] | Sequence[float]
Vector = Sequence[float]
Matrix = Sequence[Vector]


class Tensor(NamedTuple):
    name: str
    dims: tuple[int, ...]  # the row length comes first
    type_id: int
    data: bytes | None

    @property
    def elements(self) -> int:
        return prod(self.dims)

    @property
    def size_bytes(self) -> int:
        return self.elements * (2 if self.type_id == F16 else 4)


class GGUFWriter:
    def __init__(self, architecture: str) -> None:
        self._architecture = architecture
        self._values: dict[str, Value] = {"general.architecture": architecture}
        self._tensors: list[Tensor] = []

    def put(self, values: Mapping[str, Value]) -> None:
        """Adds key-values; a key that starts with a dot belongs to the architecture."""
        for key, value in values.items():
            self._values[self._architecture + key if key.startswith(".") else key] = value

    def vector(self, name: str, values: Vector) -> None:
        data = struct.pack(f"<{len(values)}f", *values)
        self._tensors.append(Tensor(name, (len(values),), F32, data))

    def matrix(self, name: str, rows: Matrix, type_id: int = F16) -> None:
        width = len(rows[0])
        row = struct.Struct(f"<{width}{'e' if type_id == F16 else 'f'}")
        data = b"".join(row.pack(*values) for values in rows)
        self._tensors.append(Tensor(name, (width, len(rows)), type_id, data))

    def hole(self, name: str, rows: int, width: int) -> None:
        self._tensors.append(Tensor(name, (width, rows), F16, None))

    @property
    def elements(self) -> int:
        """How many weights the model has."""
        return sum(tensor.elements for tensor in self._tensors)

    def write(self, path: Path) -> bool:
        """Puts the file there, aside first and then renamed; True when it was not there yet.

        Replaces whatever else is there. Raises OSError. A reader never meets half a model,
        whatever stops this.
        """
        pieces = [*self._pieces()]
        if _holds(path, pieces):
            return False
        # Two processes that write the same model must not share the file aside.
        aside = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            with aside.open("wb") as file:
                _write(file, pieces)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
        return True

    def _pieces(self) -> Iterator[bytes | int]:
        """The file from front to back: bytes, or the length of a hole."""
        infos, position = [], 0
        for tensor in self._tensors:
            infos.append(_tensor_info(tensor, position))
            position += tensor.size_bytes + _padding(tensor.size_bytes)
        head = struct.pack("<4sIQQ", b"GGUF", 3, len(self._tensors), len(self._values))
        head += b"".join(_text(key) + _value(value) for key, value in self._values.items())
        head += b"".join(infos)
        yield head + bytes(_padding(len(head)))
        for tensor in self._tensors:
            padding = _padding(tensor.size_bytes)
            if tensor.data is None:
                yield tensor.size_bytes + padding
            else:
                yield tensor.data + bytes(padding)


def _padding(size_bytes: int) -> int:
    return -size_bytes % ALIGNMENT


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Value) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", _BOOL, value)
        case int():
            return struct.pack("<II", _UINT32, value)
        case float():
            return struct.pack("<If", _FLOAT32, value)
        case str():
            return struct.pack("<I", _STRING) + _text(value)
    return struct.pack("<I", _ARRAY) + _array(value)


def _array(values: Sequence[str] | Sequence[int] | Sequence[float]) -> bytes:
    if isinstance(values[0], str):
        return _array_head(_STRING, values) + b"".join(_text(str(text)) for text in values)
    item_type, code = (_INT32, "i") if isinstance(values[0], int) else (_FLOAT32, "f")
    return _array_head(item_type, values) + struct.pack(f"<{len(values)}{code}", *values)


def _array_head(item_type: int, values: Sequence[object]) -> bytes:
    return struct.pack("<IQ", item_type, len(values))


def _tensor_info(tensor: Tensor, position: int) -> bytes:
    count = len(tensor.dims)
    shape = struct.pack(f"<I{count}Q", count, *tensor.dims)
    return _text(tensor.name) + shape + struct.pack("<IQ", tensor.type_id, position)


def _write(file: BinaryIO, pieces: Iterable[bytes | int]) -> None:
    for piece in pieces:
        if isinstance(piece, int):
            file.seek(piece, os.SEEK_CUR)
        else:
            file.write(piece)
    file.truncate()  # a hole at the end counts too


def _holds(path: Path, pieces: Iterable[bytes | int]) -> bool:
    """True when the file has exactly this content."""
    try:
        with path.open("rb") as file:
            same = all(_next_is(file, piece) for piece in pieces)
            return same and not file.read(1)
    except FileNotFoundError:
        return False


def _next_is(file: BinaryIO, piece: bytes | int) -> bool:
    if isinstance(piece, bytes):
        return file.read(len(piece)) == piece
    while piece > 0:
        block = file.read(min(piece, len(_ZEROS)))
        if not block or block != _ZEROS[: len(block)]:
            return False
        piece -= len(block)
    return True
