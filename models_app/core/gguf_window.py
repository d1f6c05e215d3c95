"""A moving copy of a part of a file: the one place that reads bytes of a GGUF file.

pread and never mmap: a file truncated while it is mapped ends the whole process with SIGBUS,
which Python cannot catch; with pread it is an ordinary short read.
"""

from __future__ import annotations

import os
import time
from typing import Final

from models_app.core.gguf_format import GGUFError, Limits

_GROWING_READS: Final = 8  # 64 KiB, 256 KiB, 1 MiB ...: far enough for any first window


class Window:
    __slots__ = ("base", "bytes_read", "data", "deadline", "fd", "limits", "reads", "size")

    def __init__(self, fd: int, size: int, limits: Limits) -> None:
        self.fd = fd
        self.size = size
        self.limits = limits
        self.deadline = time.monotonic() + limits.seconds
        self.data = b""
        self.base = 0
        self.reads = 0
        self.bytes_read = 0

    def at(self, offset: int, count: int) -> int:
        """The index of file position `offset` in `data`, with `count` bytes present there."""
        index = offset - self.base
        if index >= 0 and index + count <= len(self.data):
            return index
        self._fill(offset, count)
        return 0

    def refill(self, offset: int, count: int) -> int:
        """Like `at`, but the window starts anew at `offset`."""
        self._fill(offset, count)
        return 0

    def reaches_end(self) -> bool:
        return self.base + len(self.data) >= self.size

    def check_time(self, offset: int) -> None:
        if time.monotonic() > self.deadline:
            seconds = self.limits.seconds
            raise GGUFError("too_large", f"reading the header took over {seconds:g} s", offset)

    def _fill(self, offset: int, count: int) -> None:
        if offset + count > self.size:
            raise GGUFError(
                "truncated", f"the file ends at byte {self.size}, before its header does", offset
            )
        if offset + count > self.limits.header_bytes:
            mib = self.limits.header_bytes >> 20
            raise GGUFError("too_large", f"the header is longer than {mib} MiB", offset)
        self.check_time(offset)
        first, last = self.limits.first_window_bytes, self.limits.last_window_bytes
        want = max(count, min(last, first << 2 * min(self.reads, _GROWING_READS)))
        # The old window lives until the new one is there. Letting it go first gave the top of the
        # heap back to the system on every read: 1.6 times the time on a header of 8 MB.
        data = self._pread(min(want, self.size - offset), offset)
        while len(data) < count:
            more = self._pread(count - len(data), offset + len(data))
            if not more:
                raise GGUFError("truncated", "the file shrank while it was read", offset)
            data += more
        self.data, self.base = data, offset

    def _pread(self, count: int, offset: int) -> bytes:
        try:
            data = os.pread(self.fd, count, offset)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise GGUFError("os_error", f"cannot be read: {reason}", offset) from error
        self.reads += 1
        self.bytes_read += len(data)
        return data
