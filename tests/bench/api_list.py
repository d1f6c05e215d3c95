"""The list of models over HTTP, as a script polls it and as a browser shows it."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from typing import Final, NamedTuple

from tests.bench import big_registry
from tests.bench.measuring import MILLI
from tests.bench.row import Row
from tests.bench.signed_in import Answer, SignedIn

NAME: Final = "api_list"

_LIST: Final = "/api/models/?limit=1000"
_PAGE: Final = "/models/"
_LEAST_CPU_SECONDS: Final = 0.1  # the kernel counts in steps of 0.01
_BATCH: Final = 10  # requests in a row: after these the other ways have their turn


class _Way(NamedTuple):
    path: str
    status: int
    etag: str = ""  # what the client has already


class _Cost(NamedTuple):
    p50_ms: float
    server_cpu_ms: float | None  # None: too little for the kernel's clock


def run(quick: bool) -> list[Row]:
    count = big_registry.QUICK_MODELS if quick else big_registry.MODELS
    big_registry.first_scan(count)
    with big_registry.served("--no-agent") as client:
        first = _checked(client, _Way(_LIST, 200))
        if (listed := len(json.loads(first.body)["models"])) != count:
            raise RuntimeError(f"{_LIST} lists {listed} of {count} models")
        unchanged = _Way(_LIST, 304, first.etag)
        ways = [unchanged, _Way(_LIST, 200), _Way(_PAGE, 200)]
        *costs, anew = _measure(client, ways, rounds=4 if quick else 25)
    budgets = {"API list, unchanged (304)": 1, "API list, cached bytes": 1, "HTML page of 50": 15}
    note = f"{count:,} models, {len(first.body) / 1e3:,.0f} kB"
    rows = zip(budgets.items(), costs, strict=True)
    return [_row(what, budget, cost, anew, note) for (what, budget), cost in rows]


def _row(what: str, budget: float, cost: _Cost, anew: _Cost, note: str) -> Row:
    is_list = what.startswith("API")
    return Row(
        what,
        cost.p50_ms,
        "ms",
        budget=budget,
        compared_with="list made anew" if is_list else None,
        theirs=anew.p50_ms if is_list else None,
        note=f"p50 over HTTP, {note}{_cpu_note(cost.server_cpu_ms)}",
    )


def _measure(client: SignedIn, ways: list[_Way], rounds: int) -> list[_Cost]:
    """The cost of each way, then that of the list when no bytes of it are kept; in turns."""
    taken: list[list[float]] = [[] for _ in range(len(ways) + 1)]
    cpu = [0.0] * len(taken)
    unseen = _unseen()
    for _ in range(rounds):
        for number, seconds in enumerate(taken):
            before = client.server_cpu_seconds()
            for _ in range(_BATCH):
                way = ways[number] if number < len(ways) else next(unseen)
                seconds.append(_checked(client, way).seconds)
            cpu[number] += client.server_cpu_seconds() - before
    return [_cost(seconds, used) for seconds, used in zip(taken, cpu, strict=True)]


def _cost(seconds: list[float], cpu_seconds: float) -> _Cost:
    is_known = cpu_seconds >= _LEAST_CPU_SECONDS
    server_cpu_ms = cpu_seconds / len(seconds) * MILLI if is_known else None
    return _Cost(statistics.median(seconds) * MILLI, server_cpu_ms)


def _cpu_note(server_cpu_ms: float | None) -> str:
    return "" if server_cpu_ms is None else f", mean server CPU {server_cpu_ms:.2f} ms"


def _unseen() -> Iterator[_Way]:
    """Nearly the whole list, by addresses not asked for before."""
    for number in range(1, 1000):
        yield _Way(f"/api/models/?limit={1000 - number}", 200)


def _checked(client: SignedIn, way: _Way) -> Answer:
    headers = {"If-None-Match": way.etag} if way.etag else {}
    answer = client.get(way.path, **headers)
    if answer.status != way.status:
        raise RuntimeError(f"{way.path} answered {answer.status}: {answer.body[:200]!r}")
    return answer
