"""What llama.cpp tells at `/metrics`: Prometheus text, its names beginning with `llamacpp:`."""

from __future__ import annotations

import re
from typing import Final

MOST_NAMES: Final = 64  # llama.cpp has some fifteen
MOST_CHARACTERS: Final = 64 * 1024
_LARGEST: Final = 1e15  # a counter at a million tokens a second gets there in thirty years

_SAMPLE: Final = re.compile(
    r"(llamacpp:[a-zA-Z_][a-zA-Z0-9_]{0,99})"
    r"(?:\{.{0,300}\})?"  # labels, which llama.cpp does not use
    r"[ \t]+"
    r"([0-9]{1,20}(?:\.[0-9]{0,40})?(?:[eE][+-]?[0-9]{1,3})?)"
    r"(?:[ \t]+-?[0-9]{1,20})?"  # when, in milliseconds
    r"[ \t\r]*"
)


def parse(body: str) -> dict[str, float]:
    """Names to values, without labels: of several samples of a name the first one counts.

    Never raises. What is no number between 0 and 1e15 is left out, so is all beyond `MOST_NAMES`
    and `MOST_CHARACTERS`.
    """
    found: dict[str, float] = {}
    for line in body[:MOST_CHARACTERS].split("\n"):
        if len(found) >= MOST_NAMES:
            break
        if sample := _SAMPLE.fullmatch(line):
            name, value = sample[1], float(sample[2])
            if value <= _LARGEST:
                found.setdefault(name, value)
    return found
