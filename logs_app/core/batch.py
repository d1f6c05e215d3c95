"""Lines that came together. Most are only stored: one object for each would cost more than all the
rest of the way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import overload

from logs_app.core import records
from logs_app.core.records import Line


class Batch(Sequence[Line]):
    def __init__(self, at: int, tags: list[str], texts: list[str]) -> None:
        self.at = at
        self.tags = tags
        self.texts = texts
        self.encoded = records.encoded_all(at, tags, texts)
        self._place = 0
        self._offsets: list[int] | None = None

    @classmethod
    def of(cls, line: Line) -> Batch:
        return cls(line.at, [line.tag], [line.text])

    def stored_at(self, place: int) -> None:
        """Of the first line; the others follow. Without this they have no place."""
        self._place = place

    def __len__(self) -> int:
        return len(self.texts)

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> list[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | list[Line]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        return Line(self._place_of(index), self.at, self.tags[index], self.texts[index])

    def _place_of(self, index: int) -> int:
        if self._place == 0:
            return 0
        if self._offsets is None:
            lengths = (records.PREFIX + 1 + _length(text) for text in self.texts)
            self._offsets = list(accumulate(lengths, initial=0))
        return self._place + self._offsets[index]


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
