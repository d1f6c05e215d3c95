"""The newest values of a topic, and when each of them last changed."""

from __future__ import annotations

from collections.abc import Sequence

Value = float | None


class Vector:
    """`seq` counts the changes. Whoever has seen any of them can be told what is new since."""

    __slots__ = ("_changed_at", "seq", "values")

    def __init__(self, values: Sequence[Value], seq: int) -> None:
        self.values = list(values)
        self.seq = seq
        self._changed_at = [seq] * len(self.values)

    def update(self, values: Sequence[Value]) -> bool:
        """Whether anything changed; as many values as before."""
        pairs = enumerate(zip(self.values, values, strict=True))
        changed = [index for index, (before, now) in pairs if before != now]
        if not changed:
            return False
        self.seq += 1
        for index in changed:
            self._changed_at[index] = self.seq
        self.values = list(values)
        return True

    def since(self, seq: int) -> list[Value]:
        """`[index, value, index, value, ...]` of all that changed after `seq`."""
        flat: list[Value] = []
        for index, changed_at in enumerate(self._changed_at):
            if changed_at > seq:
                flat += (index, self.values[index])
        return flat
