from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure; less is better."""

    what: str
    ours: float
    unit: str
    budget: float | None = None  # at most, in the same unit
    compared_with: str | None = None
    theirs: float | None = None
    ratio_budget: float | None = None  # at least this many times better
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times better than the other way."""
        return None if self.theirs is None or not self.ours else self.theirs / self.ours

    @property
    def met(self) -> bool | None:
        """Whether every budget is kept; None without one."""
        kept = []
        if self.budget is not None:
            kept.append(self.ours <= self.budget)
        if self.ratio_budget is not None:
            kept.append((self.ratio or 0.0) >= self.ratio_budget)
        return all(kept) if kept else None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"ratio": self.ratio, "met": self.met}
