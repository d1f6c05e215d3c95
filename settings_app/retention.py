"""How long records are kept: apps register their kinds here, the agent and commands apply it.

Each kind deletes in commits so short that no other writer waits noticeably, and hands over after
each of them, so whoever applies a policy can pause, tell how far it is, or stop.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from settings_app.models import RetentionPolicy


@dataclass(frozen=True, slots=True)
class Limit:
    """None: no limit."""

    max_age_seconds: int | None = None
    max_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """About how much there is: counting exactly would read all of it."""

    n_rows: int
    n_bytes: int
    oldest_at: datetime | None


class Prunable(Protocol):
    """One kind of record."""

    @property
    def key(self) -> str:
        """Its policy's."""

    @property
    def table(self) -> str:
        """What a command's answer calls it."""

    @property
    def label(self) -> str: ...

    @property
    def default(self) -> Limit: ...

    @property
    def least_age_seconds(self) -> int:
        """The shortest age that makes sense for it."""

    @property
    def least_rows(self) -> int:
        """The smallest number of rows that makes sense for it."""

    def prune(self, limit: Limit, now: float) -> Iterator[int]:
        """Deletes what exceeds the limit; yields the number of rows of each commit."""

    def excess(self, limit: Limit, now: float) -> int:
        """How many rows `prune` would delete."""

    def held(self) -> Held: ...


_prunables: Final[dict[str, Prunable]] = {}


def register(prunable: Prunable) -> None:
    if prunable.key in _prunables:
        raise ValueError(f"{prunable.key} is registered twice")
    _prunables[prunable.key] = prunable


def prunables(prefix: str = "") -> list[Prunable]:
    """In the order in which they were registered."""
    return [each for key, each in _prunables.items() if key.startswith(prefix)]


def policies() -> list[tuple[RetentionPolicy, Prunable]]:
    """One for every kind, in their order; of a kind that has no row yet the default, not saved."""
    stored = {policy.key: policy for policy in RetentionPolicy.objects.all()}
    return [(stored.get(kind.key) or _default(kind), kind) for kind in prunables()]


def _default(kind: Prunable) -> RetentionPolicy:
    return RetentionPolicy(
        key=kind.key,
        label=kind.label,
        max_age_seconds=kind.default.max_age_seconds,
        max_rows=kind.default.max_rows,
    )


def limit_of(policy: RetentionPolicy) -> Limit:
    return Limit(policy.max_age_seconds, policy.max_rows)
