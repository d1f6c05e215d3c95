"""Server-sent events, as they arrive in pieces."""

from __future__ import annotations

from typing import Final

MOST_BYTES: Final = 256 << 10  # of one event


class EventTooLong(ValueError):
    """An event that does not end."""


class EventStream:
    """Gives the data of each event that is complete. What is no `data:` is left out."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """Raises EventTooLong."""
        found: list[bytes] = []
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._take(line.removesuffix(b"\r"), found)
        if len(self._rest) + self._size > self._most_bytes:
            raise EventTooLong
        return found

    def _take(self, line: bytes, found: list[bytes]) -> None:
        if not line:
            if self._data:
                found.append(b"\n".join(self._data))
            self._data, self._size = [], 0
            return
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value) + 1
            if self._size > self._most_bytes:
                raise EventTooLong
