"""The gateway's figures as the sampler reads them, under the topic `gateway`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Final, NamedTuple

from metrics_app.core.clock import Tick
from metrics_app.core.metric import Metric
from metrics_app.core.rates import Rates
from proxy_app import gateway
from proxy_app.figures import MINUTE_SECONDS, TOPIC, Figures, Totals, figures

RUNNING: Final = Metric(TOPIC, "running", "count")
WAITING: Final = Metric(TOPIC, "waiting", "count")
LAST_MINUTE: Final = Metric(TOPIC, "requests_last_minute", "count")
ERRORS_LAST_MINUTE: Final = Metric(TOPIC, "errors_last_minute", "count")
P50: Final = Metric(TOPIC, "first_byte_p50_seconds", "seconds")
P95: Final = Metric(TOPIC, "first_byte_p95_seconds", "seconds")
REQUESTS: Final = Metric(TOPIC, "requests_per_second", "per_second")
ERRORS: Final = Metric(TOPIC, "errors_per_second", "per_second")
PROMPT: Final = Metric(TOPIC, "prompt_tokens_per_second", "per_second")
GENERATED: Final = Metric(TOPIC, "tokens_per_second", "per_second")


class InFlight(NamedTuple):
    running: int  # an engine answers, or is about to
    waiting: int  # for a place in an engine


def in_flight() -> InFlight:
    """Of all requests that go to an engine, those that it has and those that it has not yet."""
    running = waiting = 0
    for account in gateway.accounts():
        if account.served_at is not None:
            running += 1
        elif account.model_id is not None:
            waiting += 1
    return InFlight(running, waiting)


class GatewayFigures:
    """Nothing at all until the first request: who does not use the gateway keeps no figures of it.

    Tokens count when a request ends: only then is it known how many they were.
    """

    name: Final = "gateway"
    topics: Final = (TOPIC,)
    seconds: Final = 1.0
    unwatched_seconds: Final = 1.0

    def __init__(
        self, counted: Figures = figures, in_flight: Callable[[], InFlight] = in_flight
    ) -> None:
        self._figures = counted
        self._in_flight = in_flight
        self._rates: Rates[Metric] = Rates()
        self._minute: deque[tuple[float, Totals]] = deque()

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        now, totals, flying = tick.monotonic, self._figures.totals(), self._in_flight()
        if not totals.requests and not any(flying):
            return {}
        before = self._a_minute_ago(now, totals)
        waited = self._figures.first_bytes(now)
        counters = {
            REQUESTS: totals.requests,
            ERRORS: totals.errors,
            PROMPT: totals.prompt_tokens,
            GENERATED: totals.generated_tokens,
        }
        return {
            RUNNING: flying.running,
            WAITING: flying.waiting,
            LAST_MINUTE: totals.requests - before.requests,
            ERRORS_LAST_MINUTE: totals.errors - before.errors,
            P50: quantile(waited, 0.5),
            P95: quantile(waited, 0.95),
            **self._rates.update(counters, now),
        }

    def _a_minute_ago(self, now: float, totals: Totals) -> Totals:
        """All began at zero: what was counted before the first reading is of this minute, too."""
        while len(self._minute) > 1 and self._minute[1][0] <= now - MINUTE_SECONDS:
            self._minute.popleft()
        self._minute.append((now, totals))
        at, before = self._minute[0]
        return before if at <= now - MINUTE_SECONDS else Totals(0, 0, 0, 0)


def quantile(found: Sequence[float], part: float) -> float | None:
    """The nearest rank of sorted figures; None of none."""
    return found[max(0, ceil(len(found) * part) - 1)] if found else None
