"""How long named operations take: counts, percentiles, slow ones in the log.

`timed("models.list")` works as a context manager and as a decorator, on sync and async code. A
finished operation costs about two microseconds; nothing is written anywhere but to memory and,
when it was slow, to the log.
"""

from __future__ import annotations

import inspect
import logging
import math
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from types import TracebackType
from typing import Any, Final, ParamSpec, TypeVar, cast

logger = logging.getLogger(__name__)

RECENT: Final = 1024  # percentiles are those of so many latest calls
MAX_NAMES: Final = 512  # names are fixed in code; this only bounds a mistake

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Summary:
    """One operation so far; all times in seconds, percentiles of the latest 1,024 calls."""

    name: str
    count: int
    errors: int
    slow: int
    total_seconds: float
    max_seconds: float
    p50_seconds: float
    p95_seconds: float
    p99_seconds: float


class Operation:
    """The record of one name. The lock is held for a few additions only."""

    __slots__ = ("_lock", "_recent", "count", "errors", "max", "name", "slow", "total")

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._recent = array("d")
        self.count = self.errors = self.slow = 0
        self.total = self.max = 0.0

    def add(self, seconds: float, *, failed: bool, slow: bool) -> None:
        with self._lock:
            if len(self._recent) < RECENT:
                self._recent.append(seconds)
            else:
                self._recent[self.count % RECENT] = seconds
            self.count += 1
            self.errors += failed
            self.slow += slow
            self.total += seconds
            self.max = max(self.max, seconds)

    def summary(self) -> Summary:
        with self._lock:
            recent = sorted(self._recent)
            counts = self.count, self.errors, self.slow, self.total, self.max
        p50, p95, p99 = (percentile(recent, q) for q in (0.50, 0.95, 0.99))
        return Summary(self.name, *counts, p50, p95, p99)


def percentile(ordered: list[float], quantile: float) -> float:
    """Nearest rank: a value that really occurred. NaN when there is none."""
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(quantile * len(ordered)) - 1)]


class Monitor:
    """All operations of this process."""

    def __init__(self, slow_seconds: float = 0.1) -> None:
        self.slow_seconds = slow_seconds
        self._operations: dict[str, Operation] = {}

    def operation(self, name: str) -> Operation:
        found = self._operations.get(name)
        if found is None:
            if len(self._operations) >= MAX_NAMES:
                name = "other"
            found = self._operations.setdefault(name, Operation(name))
        return found

    def record(
        self,
        name: str,
        seconds: float,
        error: BaseException | None = None,
        slow_seconds: float | None = None,
    ) -> None:
        # A wait that was called off is not a fault of the operation.
        failed = error is not None and not isinstance(error, _CALLED_OFF)
        slow = seconds > (self.slow_seconds if slow_seconds is None else slow_seconds)
        self.operation(name).add(seconds, failed=failed, slow=slow)
        spans = _request_spans.get()
        if spans is not None:
            spans[name] = spans.get(name, 0.0) + seconds
        if slow:
            why = f"{type(error).__name__}: {str(error)[:200]}" if failed else "no error"
            logger.warning("slow: %s took %.0f ms (%s)", name, seconds * 1e3, why)

    def summaries(self) -> list[Summary]:
        operations = sorted(self._operations.values(), key=lambda each: each.name)
        return [operation.summary() for operation in operations]

    def reset(self) -> None:
        self._operations.clear()


_CALLED_OFF = (GeneratorExit, KeyboardInterrupt, SystemExit)
monitor: Final = Monitor()
_request_spans: ContextVar[dict[str, float] | None] = ContextVar("request_spans", default=None)


class timed:
    """Time a block or a function under `name`. The clock starts on entry.

    What is known to take long gives its own `slow_seconds`; the adjustable limit is for the rest.
    """

    __slots__ = ("_name", "_slow_seconds", "_started")

    def __init__(self, name: str, slow_seconds: float | None = None) -> None:
        self._name = name
        self._slow_seconds = slow_seconds
        self._started = 0.0

    def __enter__(self) -> timed:
        self._started = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        seconds = time.perf_counter() - self._started
        monitor.record(self._name, seconds, error, self._slow_seconds)

    async def __aenter__(self) -> timed:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        name, slow_seconds = self._name, self._slow_seconds
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                with timed(name, slow_seconds):
                    return await function(*args, **kwargs)

            return cast("Callable[P, R]", awaited)

        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            with timed(name, slow_seconds):
                return function(*args, **kwargs)

        return called


@contextmanager
def request_spans() -> Iterator[dict[str, float]]:
    """Collects the operations of one request, name to seconds, for its Server-Timing header."""
    spans: dict[str, float] = {}
    token = _request_spans.set(spans)
    try:
        yield spans
    finally:
        _request_spans.reset(token)


def server_timing(total_seconds: float, spans: dict[str, float]) -> str:
    """The value of a Server-Timing header; durations in milliseconds as the standard has them."""
    entries = [("total", total_seconds), *spans.items()]
    return ", ".join(f"{name.replace('.', '-')};dur={s * 1e3:.1f}" for name, s in entries)
