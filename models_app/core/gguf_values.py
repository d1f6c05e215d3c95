"""The key-values of a GGUF file: scalars and texts whole, arrays only when they are short."""

from __future__ import annotations

import struct

from models_app.core.gguf_format import (
    DEFAULT_ALIGNMENT,
    SCALAR_BYTES,
    SCALAR_CODES,
    TEXT_OVERHEAD_BYTES,
    TYPE_ARRAY,
    TYPE_BOOL,
    TYPE_STRING,
    ArrayValue,
    GGUFError,
    Scalar,
    Value,
)
from models_app.core.gguf_strings import cross_strings
from models_app.core.gguf_window import Window


class ValueReader:
    """Reads key-values and counts what they take against the limits of the file."""

    def __init__(self, window: Window, order: str, use_numpy: bool) -> None:
        self.window = window
        self.limits = window.limits
        self.order = order
        self.use_numpy = use_numpy
        self.strings_left = self.limits.strings_in_all
        self.scalars_left = self.limits.kept_scalars_in_all
        self.kept_bytes_left = self.limits.kept_bytes
        self.alignment = DEFAULT_ALIGNMENT
        self.warnings: list[str] = []
        self.u32 = struct.Struct(order + "I").unpack_from
        self.u64 = struct.Struct(order + "Q").unpack_from
        self.scalars = {
            number: struct.Struct(order + code).unpack_from for number, code in SCALAR_CODES.items()
        }

    def read(self, offset: int, count: int) -> tuple[dict[str, Value], int]:
        """`count` key-values from `offset` on, and the position behind them."""
        values: dict[str, Value] = {}
        for _ in range(count):
            start = offset
            key, offset = self._key(start)
            if key in values:
                raise GGUFError("duplicate_key", f"the key {key[:80]!r} is there twice", start)
            values[key], end = self._value(key, offset)
            if key == "general.alignment":
                self.alignment = self._alignment(values[key], offset)
            offset = end
        return values, offset

    def _alignment(self, value: Value, offset: int) -> int:
        most = self.limits.alignment
        # bool is an int to Python, and a power of two when it is true
        if isinstance(value, int) and not isinstance(value, bool) and _is_power(value, most):
            return value
        shown = "an array" if isinstance(value, ArrayValue) else repr(value)[:40]
        message = f"general.alignment is {shown}: it must be a power of two up to {most}"
        raise GGUFError("bad_alignment", message, offset)

    def _key(self, offset: int) -> tuple[str, int]:
        start = offset
        raw, offset = self._bytes(offset, self.limits.key_bytes)
        if not raw:
            raise GGUFError("bad_key", "a key is empty", start)
        try:
            return raw.decode(), offset
        except UnicodeDecodeError:
            raise GGUFError("bad_key", "a key is not UTF-8 text", start) from None

    def _value(self, key: str, offset: int) -> tuple[Value, int]:
        index = self.window.at(offset, 4)
        (kind,) = self.u32(self.window.data, index)
        if kind == TYPE_STRING:
            return self._text(key, offset + 4)
        if kind == TYPE_ARRAY:
            return self._array(key, offset + 4)
        if kind not in SCALAR_BYTES:
            raise GGUFError("bad_type", f"{key[:80]!r} has the unknown type {kind}", offset)
        return self._scalar(kind, offset + 4)

    def _scalar(self, kind: int, offset: int) -> tuple[Scalar, int]:
        size = SCALAR_BYTES[kind]
        index = self.window.at(offset, size)
        value: Scalar
        if kind == TYPE_BOOL:
            value = self.window.data[index] != 0
        else:
            value = self.scalars[kind](self.window.data, index)[0]
        return value, offset + size

    # -- texts
    def _length(self, offset: int, limit: int) -> int:
        index = self.window.at(offset, 8)
        length: int = self.u64(self.window.data, index)[0]
        if length > limit:
            raise GGUFError("too_large", f"a text of {length} bytes", offset)
        return length

    def _bytes(self, offset: int, limit: int) -> tuple[bytes, int]:
        length = self._length(offset, limit)
        self._keep(length, offset)
        index = self.window.at(offset + 8, length)
        return self.window.data[index : index + length], offset + 8 + length

    def _keep(self, length: int, offset: int) -> None:
        self.kept_bytes_left -= length + TEXT_OVERHEAD_BYTES
        if self.kept_bytes_left < 0:
            mib = self.limits.kept_bytes >> 20
            raise GGUFError("too_large", f"keys and texts take more than {mib} MiB", offset)

    def _text(self, key: str, offset: int) -> tuple[str, int]:
        """A text value; of one longer than `kept_text_bytes` the beginning, with a warning."""
        length = self._length(offset, self.limits.string_bytes)
        kept = min(length, self.limits.kept_text_bytes)
        self._keep(kept, offset)
        end = offset + 8 + length
        if end > self.window.size:
            raise GGUFError("truncated", f"a text of {length} bytes runs past the end", offset)
        if kept < length:
            self.warnings.append(f"{key[:80]!r} is {length} bytes long: cut at {kept}")
        index = self.window.at(offset + 8, kept)
        return self.window.data[index : index + kept].decode("utf-8", "replace"), end

    # -- arrays
    def _array(self, key: str, offset: int) -> tuple[ArrayValue, int]:
        index = self.window.at(offset, 12)
        (item_type,) = self.u32(self.window.data, index)
        (count,) = self.u64(self.window.data, index + 4)
        if item_type == TYPE_STRING:
            return self._string_array(offset + 12, count)
        if item_type in SCALAR_BYTES:
            return self._scalar_array(item_type, offset + 12, count)
        what = "arrays" if item_type == TYPE_ARRAY else f"the unknown type {item_type}"
        raise GGUFError("bad_type", f"{key[:80]!r} is an array of {what}", offset)

    def _string_array(self, offset: int, count: int) -> tuple[ArrayValue, int]:
        if count > self.limits.array_strings:
            raise GGUFError("bad_count", f"an array claims {count} texts", offset)
        self.strings_left -= count
        if self.strings_left < 0:
            raise GGUFError("too_large", "the arrays hold too many texts in all", offset)
        start = offset
        if count > self.limits.kept_strings:
            end = cross_strings(self.window, offset, count, self.order, self.use_numpy)
            return ArrayValue(TYPE_STRING, count, start), end
        items: list[Scalar] = []
        for _ in range(count):
            raw, offset = self._bytes(offset, self.limits.string_bytes)
            items.append(raw.decode("utf-8", "replace"))
        return ArrayValue(TYPE_STRING, count, start, items), offset

    def _scalar_array(self, item_type: int, offset: int, count: int) -> tuple[ArrayValue, int]:
        if count > self.limits.array_items:
            raise GGUFError("bad_count", f"an array claims {count} items", offset)
        size = count * SCALAR_BYTES[item_type]
        if offset + size > self.window.size:
            raise GGUFError("truncated", f"an array of {count} items runs past the end", offset)
        items: list[Scalar] | None = None
        if count <= min(self.limits.kept_scalars, self.scalars_left):
            self.scalars_left -= count
            items = self._items(item_type, offset, count)
        return ArrayValue(item_type, count, offset, items), offset + size

    def _items(self, item_type: int, offset: int, count: int) -> list[Scalar]:
        index = self.window.at(offset, count * SCALAR_BYTES[item_type])
        if item_type == TYPE_BOOL:
            return [octet != 0 for octet in self.window.data[index : index + count]]
        code = f"{self.order}{count}{SCALAR_CODES[item_type]}"
        return list(struct.unpack_from(code, self.window.data, index))


def _is_power(number: int, most: int) -> bool:
    return 0 < number <= most and number & (number - 1) == 0
