from __future__ import annotations

import time
from typing import Any

import pytest
from django.utils import timezone

from metrics_app.core.clock import Tick
from proxy_app.core.answers import Spent
from proxy_app.figures import BOUNDS, MOST_FIRST_BYTES, Figures
from proxy_app.figures_source import (
    ERRORS_LAST_MINUTE,
    GENERATED,
    LAST_MINUTE,
    P50,
    P95,
    REQUESTS,
    RUNNING,
    WAITING,
    GatewayFigures,
    InFlight,
    quantile,
)
from proxy_app.recording import Account


def account(**over: Any) -> Account:
    facts: dict[str, Any] = {
        "public_id": "a",
        "started_at": timezone.now(),
        "arrived_at": 10.0,
        "client": "",
        "path": "/v1/chat/completions",
        "dialect": "openai",
        "model_id": 7,
        "status": 200,
        "first_byte_at": 10.3,
        "ended_at": 12.0,
        "spent": Spent(prompt_tokens=6, generated_tokens=18),
        **over,
    }
    return Account(**facts)


def tick(at: float) -> Tick:
    return Tick(at=at, monotonic=at, elapsed_seconds=1.0, jump_seconds=0.0)


def test_a_request_is_counted_by_dialect_model_and_class() -> None:
    figures = Figures()
    figures.count(account())
    figures.count(account(status=503, first_byte_at=None, spent=Spent()))
    answered = figures.counted[("openai", 7, 2)]
    assert (answered.requests, answered.prompt_tokens, answered.generated_tokens) == (1, 6, 18)
    assert answered.seconds == 2.0
    assert answered.first_byte_seconds == pytest.approx(0.3)
    assert answered.by_first_byte[BOUNDS.index(0.5)] == 1
    assert figures.counted[("openai", 7, 5)].by_first_byte == [0] * (len(BOUNDS) + 1)
    assert figures.totals() == (2, 1, 6, 18)


def test_names_that_clients_make_up_are_no_kinds() -> None:
    figures = Figures()
    for number in range(100):
        name = f"x{number}"
        figures.count(account(model_name=name, model_id=None, status=404, first_byte_at=None))
    assert list(figures.counted) == [("openai", None, 4)]


def test_what_is_remembered_of_first_bytes_is_bounded() -> None:
    figures = Figures()
    for _ in range(MOST_FIRST_BYTES + 10):
        figures.count(account())
    assert len(figures.first_bytes(now=11.0)) == MOST_FIRST_BYTES
    assert figures.first_bytes(now=71.0) == []


def test_nothing_is_told_before_the_first_request() -> None:
    source = GatewayFigures(Figures(), lambda: InFlight(0, 0))
    assert source.read(tick(1.0)) == {}


def test_the_last_minute_is_told_and_then_forgotten() -> None:
    figures = Figures()
    source = GatewayFigures(figures, lambda: InFlight(2, 1))
    figures.count(account())
    figures.count(account(status=500, first_byte_at=None))
    told = source.read(tick(12.0))
    assert (told[RUNNING], told[WAITING]) == (2, 1)
    assert (told[LAST_MINUTE], told[ERRORS_LAST_MINUTE]) == (2, 1)
    assert told[P50] == told[P95] == pytest.approx(0.3)
    assert told[REQUESTS] is None  # of one reading there is no rate
    figures.count(account())
    told = source.read(tick(13.0))
    assert (told[REQUESTS], told[GENERATED], told[LAST_MINUTE]) == (1, 18, 3)
    for second in range(14, 74):
        told = source.read(tick(float(second)))
    assert (told[LAST_MINUTE], told[REQUESTS], told[P50]) == (0, 0, None)


@pytest.mark.parametrize(
    ("found", "half", "nearly_all"),
    [([], None, None), ([1.0], 1.0, 1.0), ([float(n) for n in range(100)], 49.0, 94.0)],
)
def test_quantiles_are_of_what_there_is(
    found: list[float], half: float | None, nearly_all: float | None
) -> None:
    assert (quantile(found, 0.5), quantile(found, 0.95)) == (half, nearly_all)


def test_counting_is_cheap() -> None:
    """Microseconds: a request must not feel it. The limit is wide, machines of tests are busy."""
    figures, ended = Figures(), account()
    best = min(_seconds(figures, ended) for _ in range(5))
    assert best / 2000 < 20e-6


def _seconds(figures: Figures, ended: Account) -> float:
    began = time.perf_counter()
    for _ in range(2000):
        figures.count(ended)
    return time.perf_counter() - began
