"""The registry's operator settings."""

from __future__ import annotations

from typing import Final

from settings_app.options import flag, number

SCAN_INTERVAL: Final = number(
    "scan.interval_minutes",
    60,
    least=0,
    most=10_080,
    label="Scan every",
    help="Looks for new, changed and vanished files. 0 scans only when asked.",
    group="Scanning",
    unit="minutes",
)
SCAN_ON_START: Final = flag(
    "scan.on_start",
    True,
    label="Scan on start",
    help="An unchanged folder costs well under a second for a thousand files.",
    group="Scanning",
)
SCAN_WORKERS: Final = number(
    "scan.workers",
    4,
    least=1,
    most=32,
    label="Readers",
    help="Threads that read headers. More helps on slow or network disks only.",
    group="Scanning",
    unit="threads",
)
SETTLE_SECONDS: Final = number(
    "scan.settle_seconds",
    2,
    least=0,
    most=600,
    label="Wait for writers",
    help="A file changed within this time may still be being written and is read later.",
    group="Scanning",
    unit="s",
)
STALL_SECONDS: Final = number(
    "scan.stall_seconds",
    30,
    least=1,
    most=3_600,
    label="Give up on a folder",
    help="A disk or network mount that does not answer for so long is left for the next scan.",
    group="Scanning",
    unit="s",
)
MEMORY_CONTEXT: Final = number(
    "memory.context_tokens",
    8192,
    least=256,
    most=4_194_304,
    label="Context of estimates",
    help="Lists show the memory a model needs at this context, or at its own if that is smaller.",
    group="Memory",
    unit="tokens",
)
MEMORY_MARGIN: Final = number(
    "memory.margin_mib",
    1024,
    least=0,
    most=1_048_576,
    label="Keep free",
    help="A model counts as fitting when this much stays free on the device.",
    group="Memory",
    unit="MiB",
)
