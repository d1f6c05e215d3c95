"""How much of the logs is kept."""

from __future__ import annotations

from typing import Final

from settings_app.options import number

SOURCE_MEBIBYTES: Final = number(
    "logs.source_mib",
    64,
    least=1,
    most=65_536,
    label="Log of one source",
    help="Of each engine and of this program so much is kept; the oldest lines go first.",
    group="Logs",
    unit="MiB",
)
TOTAL_MEBIBYTES: Final = number(
    "logs.total_mib",
    1024,
    least=8,
    most=1_048_576,
    label="All logs",
    help="Beyond it the oldest lines go, whatever source they are of.",
    group="Logs",
    unit="MiB",
)
DAYS: Final = number(
    "logs.days",
    30,
    least=1,
    most=3_650,
    label="Lines are kept",
    help="Files whose newest line is older are deleted.",
    group="Logs",
    unit="days",
)
