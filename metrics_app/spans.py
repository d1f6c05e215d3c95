"""Spans of time as people write them: `30d`, `12h`."""

from __future__ import annotations

import re
from typing import Final

UNIT_SECONDS: Final = {
    "s": 1,
    "m": 60,
    "h": 3_600,
    "d": 86_400,
    "w": 7 * 86_400,
    "y": 365 * 86_400,
}
_SPAN: Final = re.compile(r"([0-9]{1,9})([smhdwy])", re.ASCII)


def span_seconds(text: str) -> int:
    """Raises ValueError with words for who wrote it."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"give a number and a unit of s, m, h, d, w or y, as in 30d, not {text}")
    return int(found[1]) * UNIT_SECONDS[found[2]]
