"""What the gateway's requests add up to: counted as each ends, read by the sampler and `/metrics`.

Counting belongs to the event loop and is a microsecond; reading may come from any thread.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from proxy_app.recording import Account

TOPIC: Final = "gateway"
# Upper bounds in seconds; beyond the last one is one more.
BOUNDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
MINUTE_SECONDS: Final = 60.0
# The newest ones say enough, however many come in a minute.
MOST_FIRST_BYTES: Final = 4096


# Dialect, model of the registry or none, and 2 of 200 (0: the client was never answered). Few of
# them, whatever is asked: no text of a client is among them. Plain, for speed.
Kind = tuple[str, int | None, int]


@dataclass(slots=True)
class Counted:
    requests: int = 0
    prompt_tokens: int = 0
    generated_tokens: int = 0
    seconds: float = 0.0
    first_byte_seconds: float = 0.0
    # By bound, not added up.
    by_seconds: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    by_first_byte: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    def __add__(self, other: Counted) -> Counted:
        return Counted(
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.generated_tokens + other.generated_tokens,
            self.seconds + other.seconds,
            self.first_byte_seconds + other.first_byte_seconds,
            [a + b for a, b in zip(self.by_seconds, other.by_seconds, strict=True)],
            [a + b for a, b in zip(self.by_first_byte, other.by_first_byte, strict=True)],
        )


class Figures:
    def __init__(self) -> None:
        self.counted: dict[Kind, Counted] = {}
        # When it came, and how long after the arrival.
        self._first_bytes: deque[tuple[float, float]] = deque(maxlen=MOST_FIRST_BYTES)

    def count(self, account: Account) -> None:
        """A request has ended."""
        status_class = account.status // 100
        kind = (account.dialect, account.model_id, status_class)
        counted = self.counted.get(kind)
        if counted is None:
            # Another mapping: who reads may be in the middle of the one that is.
            counted = Counted()
            self.counted = {**self.counted, kind: counted}
        counted.requests += 1
        ended_at, spent = account.ended_at, account.spent
        if ended_at is not None:
            seconds = ended_at - account.arrived_at
            counted.seconds += seconds
            counted.by_seconds[bisect_left(BOUNDS, seconds)] += 1
        if account.first_byte_at is not None and status_class == 2:
            waited = account.first_byte_at - account.arrived_at
            counted.first_byte_seconds += waited
            counted.by_first_byte[bisect_left(BOUNDS, waited)] += 1
            self._first_bytes.append((account.first_byte_at, waited))
        counted.prompt_tokens += spent.prompt_tokens or 0
        counted.generated_tokens += spent.generated_tokens or 0

    def totals(self) -> Totals:
        requests = errors = prompt = generated = 0
        for (_, _, status_class), each in self.counted.items():
            requests += each.requests
            errors += each.requests if status_class in (0, 5) else 0
            prompt += each.prompt_tokens
            generated += each.generated_tokens
        return Totals(requests, errors, prompt, generated)

    def first_bytes(self, now: float) -> list[float]:
        """Seconds from arrival to the first byte of the answers of the last minute, sorted."""
        newest = tuple(self._first_bytes)
        return sorted(seconds for at, seconds in newest if now - at <= MINUTE_SECONDS)


class Totals(NamedTuple):
    requests: int
    errors: int  # of ours and of engines; a mistake of the caller is none
    prompt_tokens: int
    generated_tokens: int


figures: Final = Figures()
