"""How old the figures of a page are."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

STALE_SECONDS: Final = 25.0  # as the browser has it: three beats were missed


@dataclass(frozen=True, slots=True)
class Freshness:
    at: datetime | None  # None: there is no figure of the last minute

    @property
    def is_stale(self) -> bool:
        return self.at is None or time.time() - self.at.timestamp() > STALE_SECONDS


def freshness(at: float | None) -> Freshness:
    return Freshness(None if at is None else datetime.fromtimestamp(at, UTC))
