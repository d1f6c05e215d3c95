"""Crossing the large string arrays of a vocabulary without building their strings.

Tokens and merges are 90 % and more of a header, nobody asks for them, but what follows them
matters (file type, chat template, tensor infos), so they must be crossed exactly. The plain walk
follows one length field after the other. In bulk, numpy proves whole runs at once; it is 3 to 4
times faster on vocabularies of 128 k tokens and more, and gives the same answer on any bytes.

How runs are proven: the length field of a string under 256 bytes is one byte and seven zeros, and
seven zero bytes always hold one aligned zero u32, whose place tells where the field may begin. So
the zero words of a window give candidate fields. Candidate k is right if it is reached from a
right one and k + 1 lies where k's length says: such links are found for the whole window at once.
Everything else (empty strings, NUL bytes in strings, long strings) takes single steps. Where more
than an eighth of the links do not hold, the rest of the array is walked plainly: without that
rule one hostile file took over 8 s.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from models_app.core.gguf_format import GGUFError
from models_app.core.gguf_window import Window

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray

# numpy costs some 40 us a call, the plain walk 0.1 us a string.
BULK_STRINGS: Final = 1024
BULK_BYTES: Final = 4096
# How far to look for the rest of an array: without this bound each of many small arrays in one
# window would pay for the whole window (16 s for a file made so).
BULK_BYTES_PER_STRING: Final = 64
# And never further than the intermediate arrays fit a core's cache: a whole window of 1 MiB at
# once took twice the memory (12 MB) and up to twice the time.
BULK_MOST_BYTES: Final = 256 << 10
# Begin a window at the array's next string when less than this is left of the present one.
WORTHWHILE_BYTES: Final = 32_768

_Step = tuple[int, int]  # index in the window, strings still to cross


def cross_strings(window: Window, offset: int, count: int, order: str, use_numpy: bool) -> int:
    """The position behind `count` strings that start at `offset`."""
    if offset + 8 * count > window.size:
        raise GGUFError("truncated", f"an array of {count} texts runs past the end", offset)
    in_bulk = use_numpy and order == "<" and count >= BULK_STRINGS
    walk = _Crossing(window, order)
    while count:
        index = window.at(offset, 8)
        wanted = WORTHWHILE_BYTES if count > BULK_STRINGS else 8
        if index and len(window.data) - index < wanted and not window.reaches_end():
            index = window.refill(offset, 8)
        step: _Step | None = None
        if in_bulk and count >= BULK_STRINGS and len(window.data) - index >= BULK_BYTES:
            window.check_time(offset)
            step = walk.proven(index, count)
            in_bulk = step is not None
        index, count = step or walk.plain(index, count)
        offset = window.base + index
        if offset > window.size:
            raise GGUFError("truncated", "a text in an array runs past the end", window.size)
    return offset


class _Crossing:
    __slots__ = ("limit", "u64", "window")

    def __init__(self, window: Window, order: str) -> None:
        self.window = window
        self.u64 = struct.Struct(order + "Q").unpack_from
        self.limit = window.limits.string_bytes

    def plain(self, index: int, count: int) -> _Step:
        """Follow the length fields one by one to the end of the window."""
        data, u64, limit = self.window.data, self.u64, self.limit
        last = len(data) - 8
        while count and index <= last:
            (length,) = u64(data, index)
            if length > limit:
                raise self._too_long(length, index)
            index += 8 + length
            count -= 1
        return index, count

    def proven(self, index: int, count: int) -> _Step | None:
        """As `plain`, runs of short strings at once; None when the bytes are too irregular."""
        numpy = _numpy()
        if numpy is None:
            return None
        data, u64, limit = self.window.data, self.u64, self.limit
        end = min(len(data), index + min(BULK_MOST_BYTES, BULK_BYTES_PER_STRING * count))
        last = end - 8  # the last place where a whole length field is present
        found = _chain(numpy, data, index, last, limit)
        if found is None:
            return None
        fields, stops = found
        total, stop, here = len(fields), 0, int(fields.searchsorted(index))
        while count and index <= last:
            if here < total and fields[here] == index:
                while stops[stop] < here:
                    stop += 1
                run = min(stops[stop] - here, count)
                if run > 0:
                    here += run
                    count -= run
                    index = int(fields[here])
                    continue
            (length,) = u64(data, index)
            if length > limit:
                raise self._too_long(length, index)
            index += 8 + length
            count -= 1
            if here < total and fields[here] < index:
                here += 1
                if here < total and fields[here] < index:
                    here = int(fields.searchsorted(index))
        return index, count

    def _too_long(self, length: int, index: int) -> GGUFError:
        where = self.window.base + index
        return GGUFError("too_large", f"a text of {length} bytes in an array", where)


def _chain(
    numpy: Any, data: bytes, index: int, last: int, limit: int
) -> tuple[NDArray[np.int64], list[int]] | None:
    """Candidate length fields up to `last`, and the candidates whose next link does not hold."""
    octets = numpy.frombuffer(data, numpy.uint8)
    words = numpy.frombuffer(data, "<u4", (last + 8) // 4)
    first = index // 4 + 1
    zeros = (numpy.flatnonzero(words[first:] == 0) + first) * 4
    back = numpy.where(
        octets[zeros - 1] != 0,
        1,
        numpy.where(octets[zeros - 2] != 0, 2, numpy.where(octets[zeros - 3] != 0, 3, 4)),
    )
    fields = zeros - back
    fields = fields[: fields.searchsorted(last, "right")]
    if not len(fields):
        return None
    lengths = numpy.ndarray((last + 1,), "<u8", data, strides=(1,))[fields]
    behind = fields + 8 + lengths.astype(numpy.int64)
    broken = numpy.flatnonzero((behind[:-1] != fields[1:]) | (lengths[:-1] > limit))
    if 8 * len(broken) > len(fields):
        return None
    return fields, [*broken.tolist(), len(fields) - 1]


def _numpy() -> ModuleType | None:
    # Imported here and not above: a server that reads no vocabulary never pays its 20 MB.
    try:
        import numpy
    except ImportError:
        return None
    return numpy
