"""The words of the GGUF format: value types, limits, what a header holds, why a file is refused.

A file is: magic, u32 version, u64 tensor count, u64 key-value count; the key-values (string key,
u32 type, value); the tensor infos (string name, u32 rank, u64 dimensions with the row length
first, u32 type, u64 offset); padding to general.alignment; the data, from where tensor offsets
count. A string is a u64 length and its bytes, an array a u32 item type, a u64 count and its items.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

ErrorKind = Literal[
    "empty",
    "truncated",
    "bad_magic",
    "legacy_ggml",
    "unsupported_version",
    "bad_count",
    "too_large",
    "bad_type",
    "bad_key",
    "duplicate_key",
    "bad_alignment",
    "bad_tensor",
    "duplicate_tensor",
    "not_regular",
    "os_error",
]

SCALAR_CODES: Final[dict[int, str]] = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
SCALAR_BYTES: Final[dict[int, int]] = {
    number: struct.calcsize("<" + code) for number, code in SCALAR_CODES.items()
}
TYPE_BOOL: Final = 7
TYPE_STRING: Final = 8
TYPE_ARRAY: Final = 9

MAGIC: Final = b"GGUF"
HEADER_BYTES: Final = 24
SMALLEST_VALUE_BYTES: Final = 13  # 8 + 4 and one byte of value, leaving out the key
SMALLEST_TENSOR_BYTES: Final = 24  # no name, no dimension
DEFAULT_ALIGNMENT: Final = 32
INT64_LIMIT: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds, checked before memory or time is spent.

    They are chosen so that no bytes whatever cost more than about 1 s of CPU and 64 MB; the worst
    file that could be made took 0.9 s and 48 MB. The largest vocabulary known (Gemma 4) has
    262 144 tokens and 514 906 merges in 15.8 MB, so one array may hold 1 Mi texts and all together
    2 Mi: 0.3 to 0.5 s at worst, where 8 Mi took over a second. Ten times the tensors of the
    largest models fit. What is kept is bounded apart from what is crossed: `kept_bytes` counts
    every key, name and text plus TEXT_OVERHEAD_BYTES each, because sixteen thousand keys of 64 KB
    fit a sparse file that costs no disk.
    """

    key_values: int = 16_384
    tensors: int = 32_768
    key_bytes: int = 65_535
    string_bytes: int = 16 << 20
    tensor_name_bytes: int = 256
    dimensions: int = 4
    alignment: int = 1 << 20
    array_items: int = 4 << 20
    array_strings: int = 1 << 20
    strings_in_all: int = 2 << 20
    header_bytes: int = 128 << 20
    kept_scalars: int = 1024
    kept_scalars_in_all: int = 131_072
    kept_strings: int = 64
    kept_text_bytes: int = 1 << 20
    kept_bytes: int = 8 << 20
    first_window_bytes: int = 64 << 10
    last_window_bytes: int = 1 << 20
    # CPU stays far below this; it is for disks and network mounts that answer slowly.
    seconds: float = 5.0


DEFAULT_LIMITS: Final = Limits()
TEXT_OVERHEAD_BYTES: Final = 64  # what CPython takes for a short str, beside its characters


class GGUFError(ValueError):
    """Why a file was refused: `kind` for programs, `message` for people, `offset` in bytes."""

    def __init__(self, kind: ErrorKind, message: str, offset: int | None = None) -> None:
        where = "" if offset is None else f" (at byte {offset})"
        super().__init__(f"{message}{where}")
        self.kind: ErrorKind = kind
        self.message = message
        self.offset = offset


Scalar = bool | int | float | str


@dataclass(frozen=True, slots=True)
class ArrayValue:
    """An array: always its item type, length and place; its items only when it is short."""

    item_type: int
    count: int
    offset: int
    items: list[Scalar] | None = None


Value = bool | int | float | str | ArrayValue


class Tensor(NamedTuple):
    """`dims` has the row length first; `offset` counts from the start of the data."""

    name: str
    dims: tuple[int, ...]
    type_id: int
    offset: int
    nbytes: int
    elements: int


@dataclass(slots=True)
class Header:
    """What one file says of itself.

    Any key may hold any type: read `values` through the getters, which answer None for a key that
    is absent or has another type than asked for.
    """

    version: int
    big_endian: bool
    values: dict[str, Value]
    tensors: list[Tensor]
    # None when the tensor list was not asked for: the data begins behind it.
    data_offset: int | None
    header_bytes: int
    file_size: int
    # The last tensor ends behind the end of the file: a download that has not finished.
    incomplete: bool
    changed_while_reading: bool = False
    reads: int = 0
    bytes_read: int = 0
    warnings: list[str] = field(default_factory=list)

    def text(self, key: str) -> str | None:
        value = self.values.get(key)
        return value if isinstance(value, str) else None

    def integer(self, key: str) -> int | None:
        value = self.values.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def number(self, key: str) -> int | float | None:
        """An integer or a finite float; NaN and infinity are no figures."""
        value = self.values.get(key)
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        return self.integer(key)

    def boolean(self, key: str) -> bool | None:
        value = self.values.get(key)
        return value if isinstance(value, bool) else None

    def array(self, key: str) -> ArrayValue | None:
        value = self.values.get(key)
        return value if isinstance(value, ArrayValue) else None

    @property
    def architecture(self) -> str | None:
        return self.text("general.architecture")
