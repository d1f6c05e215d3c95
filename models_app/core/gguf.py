"""A bounded and exact reader of GGUF headers: key-values, array shapes, tensor infos.

    header = read("model.gguf")            # raises GGUFError, and nothing else
    header.architecture, header.integer("llama.context_length"), header.tensors

Every file is taken for hostile: counts and lengths are checked against the file size and a limit
before memory is taken, nothing recurses, and the work is bounded whatever the bytes are.

Why the `gguf` package's own GGUFReader is not used, not even when this reader refuses a file: it
maps the file (a file that shrinks meanwhile ends the process), builds an object for every token
(seconds to tens of seconds and 1.35 GB for one model of 128 k tokens, measured with 0.19.0), and
loops for ever on a file of 60 bytes whose array says it has 2^63 items. A file refused here is
described by its name instead.
"""

from __future__ import annotations

import math
import os
import stat
import struct
from typing import NamedTuple

from models_app.core.gguf_format import (
    DEFAULT_LIMITS,
    HEADER_BYTES,
    INT64_LIMIT,
    MAGIC,
    SMALLEST_TENSOR_BYTES,
    SMALLEST_VALUE_BYTES,
    ArrayValue,
    ErrorKind,
    GGUFError,
    Header,
    Limits,
    Tensor,
    Value,
)
from models_app.core.gguf_magic import SNIFF_BYTES, refusal
from models_app.core.gguf_tensors import align, read_tensors
from models_app.core.gguf_values import ValueReader
from models_app.core.gguf_window import Window

__all__ = [
    "ArrayValue",
    "ErrorKind",
    "GGUFError",
    "Header",
    "Limits",
    "Tensor",
    "Value",
    "parse",
    "read",
    "storable",
]

Storable = bool | int | float | str | None | list["Storable"] | dict[str, "Storable"]


def read(
    path: str | os.PathLike[str],
    *,
    limits: Limits = DEFAULT_LIMITS,
    want_tensors: bool = True,
    use_numpy: bool = True,
) -> Header:
    """Open, check and parse one file. Raises GGUFError and nothing else.

    O_NONBLOCK: a FIFO named x.gguf must not hang the scan. A scan skips what its listing does not
    call a regular file, so that devices are never opened; the check here closes the race.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        raise _os_error(error) from error
    try:
        before = os.fstat(fd)
        if not stat.S_ISREG(before.st_mode):
            raise GGUFError("not_regular", "not a regular file")
        header = parse(
            fd, before.st_size, limits=limits, want_tensors=want_tensors, use_numpy=use_numpy
        )
        after = os.fstat(fd)
    except OSError as error:
        raise _os_error(error) from error
    finally:
        os.close(fd)
    header.changed_while_reading = _stamp(before) != _stamp(after)
    return header


def parse(
    fd: int,
    size: int,
    *,
    limits: Limits = DEFAULT_LIMITS,
    want_tensors: bool = True,
    use_numpy: bool = True,
) -> Header:
    """Parse an open regular file of `size` bytes. Raises GGUFError and nothing else."""
    window = Window(fd, size, limits)
    start = _start(window)
    reader = ValueReader(window, start.order, use_numpy)
    values, end = reader.read(HEADER_BYTES, start.value_count)
    header = Header(
        version=start.version,
        big_endian=start.order == ">",
        values=values,
        tensors=[],
        data_offset=None,
        header_bytes=end,
        file_size=size,
        incomplete=False,
        warnings=reader.warnings,
    )
    if want_tensors:
        _add_tensors(header, reader, start.tensor_count)
    header.reads, header.bytes_read = window.reads, window.bytes_read
    return header


def _add_tensors(header: Header, reader: ValueReader, count: int) -> None:
    found = read_tensors(
        reader.window,
        header.header_bytes,
        count,
        alignment=reader.alignment,
        order=reader.order,
        kept_bytes=reader.kept_bytes_left,
    )
    header.tensors = found.tensors
    header.header_bytes = found.end
    header.data_offset = align(found.end, reader.alignment)
    header.incomplete = count > 0 and header.data_offset + found.data_bytes > header.file_size
    header.warnings += found.warnings


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _os_error(error: OSError | ValueError) -> GGUFError:
    reason = getattr(error, "strerror", None) or "the path cannot be used"
    return GGUFError("os_error", f"cannot be opened: {reason}")


class _Start(NamedTuple):
    version: int
    order: str  # as struct writes it: "<" little-endian, ">" big-endian
    tensor_count: int
    value_count: int


def _start(window: Window) -> _Start:
    """The first 24 bytes, believed only as far as the file's size and the limits go."""
    if window.size == 0:
        raise GGUFError("empty", "the file is empty")
    window.at(0, min(window.size, SNIFF_BYTES))
    if not window.data.startswith(MAGIC):
        raise refusal(window.data[:SNIFF_BYTES])
    version, order = _version(window)
    window.at(0, HEADER_BYTES)
    tensors, values = struct.unpack_from(order + "QQ", window.data, 8)
    limits, size = window.limits, window.size
    _check_count("tensors", tensors, limits.tensors, tensors * SMALLEST_TENSOR_BYTES, size, 8)
    _check_count("key-values", values, limits.key_values, values * SMALLEST_VALUE_BYTES, size, 16)
    return _Start(version, order, tensors, values)


def _version(window: Window) -> tuple[int, str]:
    window.at(0, 8)
    order = "<"
    version: int = struct.unpack_from("<I", window.data, 4)[0]
    if version and version & 0xFFFF == 0:  # a small number in the other byte order
        order = ">"
        version = struct.unpack_from(">I", window.data, 4)[0]
    if version == 1:
        message = "GGUF version 1 (August 2023): llama.cpp no longer reads it, convert it again"
        raise GGUFError("unsupported_version", message, 4)
    if version not in (2, 3):
        message = f"GGUF version {version} is not known, only 2 and 3 are"
        raise GGUFError("unsupported_version", message, 4)
    return version, order


def _check_count(
    what: str, count: int, most: int, least_bytes: int, file_size: int, offset: int
) -> None:
    if count > most:
        raise GGUFError("bad_count", f"the file claims to hold {count} {what}", offset)
    if least_bytes > file_size:
        message = f"the file ends at byte {file_size}, too early for its {count} {what}"
        raise GGUFError("truncated", message, offset)


def storable(value: object) -> Storable:
    """A value as JSON, PostgreSQL text and a signed 64-bit column accept it.

    NaN and infinity become None, integers of 2^63 and more text, NUL becomes U+FFFD; an ArrayValue
    becomes {"type", "count", "items"}, where items is None for an array that was not kept.
    """
    if isinstance(value, ArrayValue):
        items = None if value.items is None else [storable(item) for item in value.items]
        return {"type": value.item_type, "count": value.count, "items": items}
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -INT64_LIMIT <= value < INT64_LIMIT else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    raise TypeError(f"{type(value).__name__} is no GGUF value")
