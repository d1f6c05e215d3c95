"""What time a page of charts shows: the last hour, or from one moment to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from metrics_app.asked import NUMBER

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86_400
YEAR: Final = 365 * DAY
RANGES: Final[dict[str, tuple[int, str]]] = {
    # in addresses: seconds, words
    "5m": (5 * MINUTE, "5 min"),
    "15m": (15 * MINUTE, "15 min"),
    "1h": (HOUR, "1 h"),
    "6h": (6 * HOUR, "6 h"),
    "24h": (DAY, "24 h"),
    "7d": (7 * DAY, "7 d"),
    "30d": (30 * DAY, "30 d"),
    "90d": (90 * DAY, "90 d"),
    "1y": (YEAR, "1 y"),
    "2y": (2 * YEAR, "2 y"),
}
DEFAULT: Final = "1h"
SHORTEST_SECONDS: Final = 10
LONGEST_SECONDS: Final = 10 * YEAR
EARLIEST: Final = 946_684_800  # 2000-01-01
LATEST: Final = 7_258_118_400  # 2200-01-01


class RangeError(ValueError):
    """What is wrong, by the name of the parameter, in words for who gave it."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(f"{name}: {why}" for name, why in problems.items()))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Range:
    """Unix seconds. `key` names a range that follows now; it is empty between fixed moments."""

    start: float
    end: float
    key: str = ""

    @property
    def follows(self) -> bool:
        return bool(self.key)

    @property
    def seconds(self) -> float:
        return self.end - self.start

    @property
    def address(self) -> str:
        """The parameters that ask for it again."""
        if self.key:
            return urlencode({"range": self.key})
        return urlencode({"start": _plain(self.start), "end": _plain(self.end)})


def _plain(at: float) -> str:
    return f"{at:.3f}".rstrip("0").rstrip(".")


def step_words(seconds: int) -> str:
    """`15 s`, `1 min`, `6 h`: the largest unit of which it is a whole number."""
    for unit, word in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds % unit == 0:
            return f"{seconds // unit} {word}"
    return f"{seconds} s"


def read(given: Mapping[str, str], now: float) -> Range:
    """`range`, or `start` and perhaps `end`; the last hour when there is none of them."""
    start, end = given.get("start", "").strip(), given.get("end", "").strip()
    if not start and not end:
        return relative(given.get("range", "") or DEFAULT, now)
    problems = {}
    moments = {}
    for name, text in (("start", start), ("end", end)):
        try:
            moments[name] = now if name == "end" and not text else moment(text)
        except ValueError as error:
            problems[name] = str(error)
    if problems:
        raise RangeError(problems)
    return between(moments["start"], moments["end"], now)


def relative(key: str, now: float) -> Range:
    if key not in RANGES:
        raise RangeError({"range": f"Give one of {', '.join(RANGES)}."})
    return Range(now - RANGES[key][0], now, key)


def between(start: float, end: float, now: float) -> Range:
    if start >= end:
        raise RangeError({"end": "The end must be later than the start."})
    if end - start < SHORTEST_SECONDS:
        raise RangeError({"end": f"Give at least {SHORTEST_SECONDS} seconds."})
    if end - start > LONGEST_SECONDS:
        raise RangeError({"start": "Give ten years at most."})
    if start > now:
        raise RangeError({"start": "That is still to come: there are no figures yet."})
    return Range(start, end)


def moment(text: str) -> float:
    """Unix seconds of either notation; a time without a zone is UTC."""
    try:
        at = float(text) if NUMBER.fullmatch(text) else _iso(text)
    except (ValueError, OverflowError):
        said = f"“{text[:40]}” is no time. " if text else ""
        raise ValueError(f"{said}Give a time like 2026-03-01T14:30.") from None
    if not EARLIEST <= at <= LATEST:
        raise ValueError("Give a time between the years 2000 and 2200.")
    return at


def _iso(text: str) -> float:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
