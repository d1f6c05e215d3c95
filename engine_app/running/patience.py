"""How long is waited for what. Seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine_app import options

# What loading costs on a slow disk: 35 MB a second.
SECONDS_FOR_A_GIB: Final = 30.0


@dataclass(frozen=True, slots=True)
class Patience:
    start: float = 600.0
    drain: float = 30.0
    idle_ttl: int = 0
    # A hung engine is found within 20 seconds and gone after 10 more.
    live_every: float = 5.0
    live_answer: float = 5.0
    live_misses: int = 3
    # The first signal lets it finish, the second one ends a llama-server at once.
    second_term: float = 3.0
    kill: float = 10.0
    first_look: float = 0.02  # at one that starts; then less and less often
    slowest_look: float = 0.5

    def start_of(self, size_bytes: int) -> float:
        return self.start + SECONDS_FOR_A_GIB * size_bytes / (1 << 30)


def patience() -> Patience:
    """As the operator has set it."""
    return Patience(
        start=float(options.START_DEADLINE.get()),
        drain=float(options.DRAIN.get()),
        idle_ttl=options.IDLE_TTL.get(),
    )
