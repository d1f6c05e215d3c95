from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Final, Literal

Result = Literal["ok", "note", "fail", "unknown"]
OK: Final = "ok"
NOTE: Final = "note"
FAIL: Final = "fail"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """`advice` says what to do; there is some unless all is well."""

    name: str
    result: Result
    found: str
    advice: str = ""

    def as_json(self) -> dict[str, str]:
        return asdict(self)


Check = Callable[[], Iterable[Finding]]


def ok(name: str, found: str) -> Finding:
    return Finding(name, OK, found)


def note(name: str, found: str, advice: str) -> Finding:
    """Works, and may not be what its owner wants."""
    return Finding(name, NOTE, found, advice)


def fail(name: str, found: str, advice: str) -> Finding:
    return Finding(name, FAIL, found, advice)


def unknown(name: str, found: str, advice: str) -> Finding:
    """It could not be looked at, and `found` says why."""
    return Finding(name, UNKNOWN, found, advice)
