"""What operators turn while the program runs: log levels by logger, and what counts as slow."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import DatabaseError, connection

from llamadash import logs, perf
from settings_app.options import Option, OptionError, number, register

logger = logging.getLogger(__name__)
FOLLOW_SECONDS: Final = 5.0
_LOGGER: Final = re.compile(r"[A-Za-z_][\w.]{0,99}", re.ASCII)
# Offered in the form; any other logger may be named too.
KNOWN_LOGGERS: Final = (
    "models_app",
    "metrics_app",
    "logs_app",
    "agent_app",
    "settings_app",
    "llamadash",
    "django.request",
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


LOG_LEVELS: Final = register(
    Option(
        "logging.levels",
        dict[str, str](),
        "Log levels",
        "A logger that is not named follows its parent, in the end LLAMADASH_LOG_LEVEL.",
        "Diagnostics",
        _parse_levels,
        kind="levels",
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
)


def apply() -> None:
    """Brings this process to what is stored; called once the database can be read."""
    global _applied
    wanted = LOG_LEVELS.get(), SLOW_OPERATION.get()
    logs.set_levels(wanted[0])
    perf.monitor.slow_seconds = wanted[1] / 1000
    _applied = wanted


_applied: tuple[dict[str, str], int] = LOG_LEVELS.default, SLOW_OPERATION.default
LOG_LEVELS.when_changed(lambda _: apply())
SLOW_OPERATION.when_changed(lambda _: apply())


def keep_up() -> None:
    """Applies what another process changed. Costs a look at two cached values."""
    try:
        if (LOG_LEVELS.get(), SLOW_OPERATION.get()) != _applied:
            apply()
    except DatabaseError as error:
        logger.debug("diagnostics not read: %s", error)


@contextmanager
def followed() -> Iterator[None]:
    """Applies what is stored, then keeps up in a thread: for a process that is busy with one
    long thing."""
    apply()
    done = threading.Event()

    def follow() -> None:
        try:
            while not done.wait(FOLLOW_SECONDS):
                keep_up()
        finally:
            connection.close()

    thread = threading.Thread(target=follow, name="diagnostics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
