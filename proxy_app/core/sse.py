"""Cuts a stream of server-sent events into events as it comes, copying nothing that is whole."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

MOST_EVENT_BYTES: Final = 8 << 20
_END: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_LINES: Final = re.compile(rb"\r\n|\n|\r")


class EventTooLong(ValueError):
    """An event without an end."""


@dataclass(frozen=True, slots=True)
class Event:
    """`data` joined by newlines; a comment has neither name nor data."""

    name: str
    data: bytes


@dataclass(slots=True)
class Splitter:
    """Feed it chunks; it gives the raw bytes of each whole event, its blank line included."""

    _open: bytearray = field(default_factory=bytearray)

    def feed(self, chunk: bytes) -> list[bytes]:
        """Raises EventTooLong."""
        # Most chunks are one whole event.
        if not self._open and chunk.endswith(b"\n\n") and chunk.count(b"\n\n") == 1:
            return [chunk]
        looked = max(0, len(self._open) - 3)
        self._open += chunk
        found: list[bytes] = []
        start = 0
        for match in _END.finditer(self._open, looked):
            # A lone "\r" at the very end may be half of "\r\n".
            if match.end() == len(self._open) and match.group() == b"\r\r":
                break
            found.append(bytes(self._open[start : match.end()]))
            start = match.end()
        del self._open[:start]
        if len(self._open) > MOST_EVENT_BYTES:
            raise EventTooLong(f"an event of more than {MOST_EVENT_BYTES} bytes")
        return found

    @property
    def rest(self) -> bytes:
        """What came after the last whole event."""
        return bytes(self._open)


def parsed(raw: bytes) -> Event:
    name, data = "", []
    for line in _LINES.split(raw):
        head, colon, value = line.partition(b":")
        if not colon and not head:
            continue
        value = value.removeprefix(b" ")
        if head == b"data":
            data.append(value)
        elif head == b"event":
            name = value.decode("utf-8", "replace")
    return Event(name, b"\n".join(data))


def is_comment(raw: bytes) -> bool:
    """Of a whole event: it only keeps the stream alive."""
    if not raw.startswith(b":"):
        return False
    return all(line[:1] in (b":", b"") for line in _LINES.split(raw))


def encoded(data: bytes, name: str = "") -> bytes:
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + data + b"\n\n"
