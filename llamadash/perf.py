"""How long named operations take: counts, percentiles, slow ones in the log.

`timed("models.list")` works as a context manager and as a decorator, on sync and async code. A
finished operation costs about two microseconds; nothing is written anywhere but to memory and,
when it was slow, to the log. Another process hands its records over as lines of JSON.
"""

from __future__ import annotations

import inspect
import json
import logging
import math
import re
import threading
import time
from array import array
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from types import TracebackType
from typing import Any, Final, ParamSpec, TypeVar, cast

logger = logging.getLogger(__name__)

RECENT: Final = 1024  # percentiles are those of so many latest calls
# A wait that was called off is not a fault of the operation.
_CALLED_OFF: Final = (CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit)
MAX_NAMES: Final = 512  # names are fixed in code; this only bounds a mistake
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}", re.ASCII)

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
    last_error: str  # the latest error's type, nothing of its text


class Operation:
    """The record of one name. The lock is held for a few additions only."""

    __slots__ = (
        "_at", "_lock", "_recent", "count", "errors", "last_error", "max", "name", "slow", "total",
    )  # fmt: skip

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._recent = array("d")
        self._at = 0  # the oldest of the recent ones, once all places are taken
        self.count = self.errors = self.slow = 0
        self.total = self.max = 0.0
        self.last_error = ""

    def add(self, seconds: float, *, error: str, slow: bool) -> None:
        """`error` is the name of what went wrong; empty if nothing did."""
        with self._lock:
            self._keep(seconds)
            self.count += 1
            self.slow += slow
            self.total += seconds
            self.max = max(self.max, seconds)
            if error:
                self.errors += 1
                self.last_error = error

    def _keep(self, seconds: float) -> None:
        if len(self._recent) < RECENT:
            self._recent.append(seconds)
        else:
            self._recent[self._at] = seconds
            self._at = (self._at + 1) % RECENT

    def handed_over(self) -> dict[str, Any]:
        """What `merge` takes, here or in another process."""
        with self._lock:
            return {
                "name": self.name,
                "count": self.count,
                "errors": self.errors,
                "slow": self.slow,
                "total": self.total,
                "max": self.max,
                "last_error": self.last_error,
                "recent": [*self._recent[self._at :], *self._recent[: self._at]],
            }

    def merge(self, other: dict[str, Any]) -> None:
        with self._lock:
            for seconds in other["recent"]:
                self._keep(seconds)
            self.count += other["count"]
            self.errors += other["errors"]
            self.slow += other["slow"]
            self.total += other["total"]
            self.max = max(self.max, other["max"])
            self.last_error = other["last_error"] or self.last_error

    def summary(self) -> Summary:
        with self._lock:
            recent = sorted(self._recent)
            counts = self.count, self.errors, self.slow, self.total, self.max
            last_error = self.last_error
        p50, p95, p99 = (percentile(recent, q) for q in (0.50, 0.95, 0.99))
        return Summary(self.name, *counts, p50, p95, p99, last_error)


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
        self._answers: tuple[type[BaseException], ...] = _CALLED_OFF

    def are_answers(self, *kinds: type[BaseException]) -> None:
        """Errors of these types tell callers of mistakes of theirs: no fault of an operation."""
        self._answers = tuple(dict.fromkeys((*self._answers, *kinds)))

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
        failed = error is not None and not isinstance(error, self._answers)
        slow = seconds > (self.slow_seconds if slow_seconds is None else slow_seconds)
        self.operation(name).add(seconds, error=type(error).__name__ if failed else "", slow=slow)
        spans = _request_spans.get()
        if spans is not None:
            spans[name] = spans.get(name, 0.0) + seconds
        if slow:
            why = f"{type(error).__name__}: {str(error)[:200]}" if failed else "no error"
            logger.warning("slow: %s took %.0f ms (%s)", name, seconds * 1e3, why)

    def summaries(self) -> list[Summary]:
        operations = sorted(self._operations.values(), key=lambda each: each.name)
        return [operation.summary() for operation in operations]

    def handed_over(self) -> Iterator[str]:
        """All records as lines of JSON, for `merge` in another process."""
        for operation in list(self._operations.values()):
            yield json.dumps(operation.handed_over())

    def merge(self, lines: bytes) -> None:
        """Adds what another process recorded. A line that is none of `handed_over` is left out."""
        for line in lines.splitlines():
            record = _read_record(line)
            if record is not None:
                self.operation(record["name"]).merge(record)

    def reset(self) -> None:
        self._operations.clear()


def _read_record(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
        record: dict[str, Any] = {n: _whole(found[n]) for n in ("count", "errors", "slow")}
        record |= {name: _seconds(found[name]) for name in ("total", "max")}
        record |= {name: _name(found[name]) for name in ("name", "last_error")}
        record["recent"] = [_seconds(each) for each in list(found["recent"])[-RECENT:]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return record if record["name"] else None


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise ValueError
    return value


def _seconds(value: object) -> float:
    if type(value) not in (int, float) or not 0 <= value < 1e12:  # type: ignore[operator]
        raise ValueError
    return float(cast("float", value))


def _name(value: object) -> str:
    if not isinstance(value, str) or (value and not _NAME.fullmatch(value)):
        raise ValueError
    return value


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
