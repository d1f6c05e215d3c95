"""The first thing that comes to mind: walk through the header and unpack every value."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO, Final

_CODES: Final = dict(enumerate("BbHhIif?__Qqd"))
_STRING, _ARRAY = 8, 9


def read_header(path: Path) -> dict[str, Any]:
    """All key-values and the shapes of the tensors of a little-endian version 3 file."""
    with path.open("rb") as file:
        _, _, tensors, values = _unpack(file, "4sIQQ")
        header = {_text(file): _value(file, *_unpack(file, "I")) for _ in range(values)}
        header["tensors"] = [_tensor(file) for _ in range(tensors)]
    return header


def _unpack(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    record = struct.Struct(f"<{layout}")
    return record.unpack(file.read(record.size))


def _text(file: BinaryIO) -> str:
    (length,) = _unpack(file, "Q")
    return file.read(length).decode(errors="replace")


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == _STRING:
        return _text(file)
    if kind == _ARRAY:
        item_kind, count = _unpack(file, "IQ")
        return [_value(file, item_kind) for _ in range(count)]
    return _unpack(file, _CODES[kind])[0]


def _tensor(file: BinaryIO) -> tuple[Any, ...]:
    name = _text(file)
    (rank,) = _unpack(file, "I")
    return name, _unpack(file, f"{rank}Q"), *_unpack(file, "IQ")
