"""The operator settings of the gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from proxy_app.capturing import ALL, ERRORS, OFF
from settings_app.options import choice, flag, number

MOST_BODY: Final = number(
    "gateway.most_body_mb",
    32,
    least=1,
    most=1024,
    label="Largest request",
    help="A longer body is answered 413.",
    group="Gateway",
    unit="MiB",
)
QUEUE: Final = number(
    "gateway.queue",
    512,
    least=1,
    most=10_000,
    label="Waiting requests",
    help="As many wait at the same time; more are answered 429. One key may fill an eighth.",
    group="Gateway",
)
LONGEST_WAIT: Final = number(
    "gateway.longest_wait_seconds",
    300,
    least=1,
    most=3_600,
    label="Longest wait",
    help="A request that is expected to wait longer is answered 429 at once, and one that has "
    "waited twice as long 503.",
    group="Gateway",
    unit="s",
)
SILENCE: Final = number(
    "gateway.silence_seconds",
    300,
    least=5,
    most=86_400,
    label="Longest silence",
    help="An engine that says nothing for so long is given up; the reading of a long prompt "
    "counts, signs of life without words do not.",
    group="Gateway",
    unit="s",
)


LOADING_TEXT: Final = flag(
    "gateway.loading_text",
    False,
    label="Tell of loading",
    help="While a model is loaded, a streamed chat is told how far it is, as reasoning.",
    group="Gateway",
)
CAPTURE: Final = choice(
    "gateway.capture",
    OFF,
    (OFF, ERRORS, ALL),
    label="Keep what was said",
    help="off, errors or all. Kept without media and what looks like a key; a key may differ.",
    group="Gateway",
)
CAPTURE_KIB: Final = number(
    "gateway.capture_kib",
    64,
    least=1,
    most=4_096,
    label="Kept of each",
    help="So much of a question and so much of its answer.",
    group="Gateway",
    unit="KiB",
)


@dataclass(frozen=True, slots=True)
class Values:
    """All of them, as they were read last: an event loop may not ask the database."""

    most_body_bytes: int = MOST_BODY.default << 20
    queue: int = QUEUE.default
    longest_wait_seconds: float = float(LONGEST_WAIT.default)
    silence_seconds: float = float(SILENCE.default)
    loading_text: bool = LOADING_TEXT.default
    capture: str = CAPTURE.default
    capture_bytes: int = CAPTURE_KIB.default << 10


def values() -> Values:
    return Values(
        most_body_bytes=MOST_BODY.get() << 20,
        queue=QUEUE.get(),
        longest_wait_seconds=float(LONGEST_WAIT.get()),
        silence_seconds=float(SILENCE.get()),
        loading_text=LOADING_TEXT.get(),
        capture=CAPTURE.get(),
        capture_bytes=CAPTURE_KIB.get() << 10,
    )
