"""Bytes as they come from a program, cut into lines of text."""

from __future__ import annotations

import re
from typing import Final

# Of one line; a program may well print 10 MB without a line end.
MOST_LINE_BYTES: Final = 8 << 10
# Control characters could forge lines or steer a terminal, marks of direction reorder what is
# read. A tab is harmless and ESC begins the colours that core/ansi.py understands.
_HARMFUL: Final = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_HARMFUL_BYTES: Final = bytes({*range(32), 127} - {9, 10, 27})


class LineCutter:
    """The same lines come out, whatever the pieces in which the bytes go in."""

    def __init__(self) -> None:
        self._open = _OpenLine()

    @property
    def pending_bytes(self) -> int:
        """How much of what went in belongs to a line without an end."""
        return self._open.n_bytes

    def feed(self, data: bytes) -> list[str]:
        head, end, rest = data.partition(b"\n")
        self._open.add(head)
        if not end:
            return []
        lines = [self._open.take()]
        body, end, tail = rest.rpartition(b"\n")
        if end:
            lines += _whole_lines(body)
        self._open.add(tail)
        return lines

    def flush(self) -> list[str]:
        """Ends the open line, if there is one."""
        return [self._open.take()] if self.pending_bytes else []


def _whole_lines(body: bytes) -> list[str]:
    pieces = body.split(b"\n")
    if b"\r" in body or max(map(len, pieces)) > MOST_LINE_BYTES:
        return [_line(piece) for piece in pieces]
    return clean(body.decode("utf-8", "replace"), body).split("\n")


def _line(piece: bytes) -> str:
    line = _OpenLine()
    line.add(piece)
    return line.take()


def clean(text: str, encoded: bytes | None = None) -> str:
    """Without characters that do more than show. The bytes, where they are at hand, save a search:
    most output is ASCII without any of them."""
    if encoded is not None and text.isascii() and _is_harmless(encoded):
        return text
    return _HARMFUL.sub("\ufffd", text)


def as_one_line(text: str) -> str:
    """For what does not come in lines: names, sentences with foreign words in them."""
    return clean(text[:MOST_LINE_BYTES].replace("\n", "\ufffd").replace("\x1b", "\ufffd"))


def _is_harmless(ascii: bytes) -> bool:
    return len(ascii.translate(None, _HARMFUL_BYTES)) == len(ascii)


class _OpenLine:
    """A line that has not ended. A return without a line feed lets the next text replace it, as
    progress bars do; a line may end in returns."""

    def __init__(self) -> None:
        self.n_bytes = 0
        self._kept = bytearray()
        self._n_text = 0
        self._returned = False

    def add(self, piece: bytes) -> None:
        self.n_bytes += len(piece)
        for number, part in enumerate(piece.split(b"\r")):
            self._returned |= number > 0
            if part:
                self._append(part)

    def _append(self, part: bytes) -> None:
        if self._returned:
            self._kept.clear()
            self._n_text = 0
            self._returned = False
        self._kept += part[: MOST_LINE_BYTES - len(self._kept)]
        self._n_text += len(part)

    def take(self) -> str:
        text = clean(self._kept.decode("utf-8", "replace"))
        if self._n_text > MOST_LINE_BYTES:
            text += f" ... cut: the line has {self._n_text:,} bytes"
        self.__init__()  # type: ignore[misc]
        return text
