"""What operators turn while the program runs: log levels by logger, and what counts as slow."""

from __future__ import annotations

import re
from typing import Any, Final

from llamadash import logs, perf
from settings_app.options import Option, OptionError, number, register

_LOGGER: Final = re.compile(r"[A-Za-z_][\w.]{0,99}", re.ASCII)
# Offered in the form; any other logger may be named too.
KNOWN_LOGGERS: Final = (
    "models_app",
    "metrics_app",
    "agent_app",
    "settings_app",
    "llamadash",
    "django.request",
    "django.db.backends",
    "uvicorn",
)


def _parse_levels(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise OptionError("Give a logger's name and a level.")
    for name, level in value.items():
        if not _LOGGER.fullmatch(str(name)):
            raise OptionError(f"{str(name)[:60]!r} is not a logger's name.")
        if level not in logs.LEVELS:
            raise OptionError(f"{str(level)[:20]!r} is not a level: {', '.join(logs.LEVELS)}.")
    return dict(sorted(value.items()))


def _set_slow(milliseconds: int) -> None:
    perf.monitor.slow_seconds = milliseconds / 1000


LOG_LEVELS: Final = register(
    Option(
        "logging.levels",
        dict[str, str](),
        "Log levels",
        "A logger that is not named follows its parent, in the end LLAMADASH_LOG_LEVEL.",
        "Diagnostics",
        _parse_levels,
        kind="levels",
        on_change=logs.set_levels,
    )
)
SLOW_OPERATION: Final = number(
    "perf.slow_milliseconds",
    100,
    least=1,
    most=60_000,
    label="Slow operation",
    help="An operation that takes longer is logged with its name.",
    group="Diagnostics",
    unit="ms",
    on_change=_set_slow,
)


def apply() -> None:
    """Brings this process to what is stored; called once the database can be read."""
    logs.set_levels(LOG_LEVELS.get())
    _set_slow(SLOW_OPERATION.get())
