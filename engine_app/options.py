"""The operator settings of engines."""

from __future__ import annotations

from typing import Final

from settings_app.options import choice, flag, number

REFUSE: Final = "refuse"
WARN: Final = "warn"
OFF: Final = "off"

IDLE_TTL: Final = number(
    "engines.idle_ttl_seconds",
    0,
    least=0,
    most=604_800,
    label="Stop when idle",
    help="An engine that nobody used for so long is stopped; an engine's own value comes first. "
    "0 keeps it running.",
    group="Engines",
    unit="s",
)
START_DEADLINE: Final = number(
    "engines.start_deadline_seconds",
    600,
    least=10,
    most=86_400,
    label="Longest start",
    help="A start that takes longer has failed. Each GiB of the model adds 30 seconds.",
    group="Engines",
    unit="s",
)
DRAIN: Final = number(
    "engines.drain_seconds",
    30,
    least=0,
    most=3_600,
    label="Finish requests",
    help="So long a stop waits for requests that are being answered.",
    group="Engines",
    unit="s",
)
KEEP_ON_EXIT: Final = flag(
    "engines.keep_on_exit",
    False,
    label="Leave engines running",
    help="They go on when this program stops, and its next start takes them over.",
    group="Engines",
)
MEMORY_CHECK: Final = choice(
    "engines.memory_check",
    REFUSE,
    (REFUSE, WARN, OFF),
    label="Look for memory",
    help="Idle engines are stopped where that makes room for a start. Without room it is "
    "refused; with warn it is tried all the same; off starts without looking.",
    group="Engines",
)
