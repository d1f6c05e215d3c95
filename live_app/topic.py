from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from live_app.core import frames, rounding
from live_app.core.frames import Field, Frame
from live_app.core.vector import Value, Vector

# A second publisher is heard once the first has been silent for so long.
HANDOVER_SECONDS: Final = 5.0
# A delta names each index as well: with more than 7 of 10 values in it the whole vector is shorter
# (measured: 1,509 bytes instead of 2,253 when all of 211 change). The number counts both.
WHOLE_FROM: Final = 1.4
SMALL: Final = 40


class Topic:
    """The newest vector, and the frames that bring anybody to it from where they are.

    Nothing is kept for a client but the last change it was sent, here called `seen`: None is
    nothing yet, `-n` the schema that came with change n, n all changes up to n.

    While nobody watches, a vector is only put aside; it is compared when somebody does.
    """

    __slots__ = (
        "_aside", "_at", "_deltas", "_fields", "_frames_of", "_given", "_name", "_origin",
        "_places", "_published_at", "_schema", "_schema_seq", "_snap_frame", "_start", "_vector",
    )  # fmt: skip

    def __init__(self, name: str, start: int) -> None:
        self._name = name
        self._start = start
        self._aside: tuple[Sequence[Field], Sequence[Value], float] | None = None
        self._fields: tuple[Field, ...] = ()
        self._given: Sequence[Field] = self._fields  # as the publisher has them, to tell at once
        self._places: list[int] = []
        self._vector: Vector | None = None
        self._schema_seq = start
        self._at = 0.0
        self._schema: Frame | None = None
        self._frames_of = start  # the two below are of this change
        self._snap_frame: Frame | None = None
        self._deltas: dict[int, Frame] = {}
        self._origin = ""
        self._published_at = float("-inf")

    def offer(
        self, fields: Sequence[Field], values: Sequence[Value], at: float, origin: str
    ) -> bool:
        """False: it comes from another process than the one that publishes this topic."""
        if len(fields) != len(values):
            raise ValueError(f"{self._name}: {len(fields)} fields, {len(values)} values")
        now = time.monotonic()
        if origin != self._origin and now - self._published_at < HANDOVER_SECONDS:
            return False
        self._origin, self._published_at = origin, now
        self._aside = fields, values, at
        return True

    def settle(self) -> bool:
        """Takes over what was put aside. Whether anything changed."""
        if self._aside is None:
            return False
        (fields, values, self._at), self._aside = self._aside, None
        is_known = fields is self._given or tuple(fields) == self._fields
        self._given = fields
        if self._vector is not None and is_known:
            return self._vector.update(rounding.rounded(values, self._places))
        self._begin(tuple(fields), values)
        return True

    def _begin(self, fields: tuple[Field, ...], values: Sequence[Value]) -> None:
        self._fields = fields
        self._schema = None
        self._places = rounding.decimals(field.unit for field in fields)
        self._schema_seq = self._start + 1 if self._vector is None else self._vector.seq + 1
        self._vector = Vector(rounding.rounded(values, self._places), self._schema_seq)

    def newest(self) -> tuple[tuple[Field, ...], list[Value], float] | None:
        self.settle()
        return None if self._vector is None else (self._fields, self._vector.values, self._at)

    def is_next(self, seen: int) -> bool:
        """Whether whoever is at `seen` has missed none but the newest change."""
        return self._vector is not None and seen == self._vector.seq - 1

    def frame_after(self, seen: int | None) -> tuple[Frame, int] | None:
        """The next frame for whoever is at `seen`, and where they are then."""
        if self._vector is None or seen == self._vector.seq:
            return None
        if self._frames_of != self._vector.seq:
            self._frames_of = self._vector.seq
            self._snap_frame = None
            self._deltas.clear()
        if seen == -self._schema_seq:
            return self._snap(self._vector), self._vector.seq
        if seen is not None and self._schema_seq <= seen < self._vector.seq:
            return self._delta(self._vector, seen), self._vector.seq
        return self._schema_frame(), -self._schema_seq

    def _schema_frame(self) -> Frame:
        if self._schema is None:
            self._schema = frames.schema(self._name, self._fields)
        return self._schema

    def _snap(self, vector: Vector) -> Frame:
        if self._snap_frame is None:
            self._snap_frame = frames.snap(self._name, vector.seq, self._at, vector.values)
        return self._snap_frame

    def _delta(self, vector: Vector, seen: int) -> Frame:
        frame = self._deltas.get(seen)
        if frame is None:
            changes = vector.since(seen)
            if len(changes) > WHOLE_FROM * len(vector.values) and len(changes) > SMALL:
                frame = self._snap(vector)
            else:
                frame = frames.delta(self._name, seen + 1, vector.seq, self._at, changes)
            self._deltas[seen] = frame
        return frame
