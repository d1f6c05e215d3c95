"""All checks, in the order in which they are shown: what the others stand on comes first."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db import DatabaseError, connection

from agent_app.doctor import (
    agent,
    clock,
    data_folder,
    database,
    engine_programs,
    engines,
    environment,
    gpus,
    logs,
    memory,
    model_folders,
    network_ports,
    packages,
)
from agent_app.doctor.finding import OK, Check, Finding, unknown
from agent_app.doctor.migrations import NAME as DATABASE
from llamadash.logs import one_line

logger = logging.getLogger(__name__)
DEFAULT_PORT: Final = 8000
MOST_TEXT: Final = 600


@dataclass(frozen=True, slots=True)
class Named:
    name: str
    check: Check
    reads_rows: bool = False  # through Django, so not before the database is known to be readable


def checks(port: int = DEFAULT_PORT) -> list[Named]:
    return [
        Named("packages", packages.check),
        Named("settings", environment.check),
        Named("data folder", data_folder.check),
        Named("secret key", data_folder.check_secret_key),
        Named("database", database.check),
        Named("agent", agent.check, reads_rows=True),
        Named("retention", agent.check_retention, reads_rows=True),
        Named("logs", logs.check),
        Named("model folders", model_folders.check, reads_rows=True),
        Named("engine programs", engine_programs.check),
        Named("GPUs", gpus.check),
        Named("memory", memory.check),
        Named("engine ports", network_ports.check_range),
        Named("web port", lambda: network_ports.check_web(port)),
        Named("engines", engines.check, reads_rows=True),
        Named("engine processes", engines.check_processes, reads_rows=True),
        Named("clock", clock.check),
    ]


def examine(port: int = DEFAULT_PORT) -> Iterator[Finding]:
    """As they come: asking programs what they are takes seconds."""
    engine_programs.forget()
    unreadable: Finding | None = None  # why rows cannot be asked for
    for named in checks(port):
        if named.reads_rows and unreadable is not None:
            words = "not looked at, because of the database"
            yield unknown(named.name, words, unreadable.advice)
            continue
        for finding in _findings(named):
            yield finding
            if finding.name == DATABASE and finding.result != OK and not database.has_tables():
                unreadable = finding
    connection.close()


def _findings(named: Named) -> Iterator[Finding]:
    """A check that fails itself says so and keeps no other from its turn."""
    try:
        for each in named.check():
            found, advice = _shown(each.found), _shown(each.advice)
            yield Finding(each.name, each.result, found, advice)
    except DatabaseError as error:
        why = f"The database does not answer this: {_shown(str(error))}"
        yield unknown(named.name, why, "See the line of the database.")
    except Exception as error:
        logger.debug("the check of %s failed", named.name, exc_info=True)
        why = f"It could not be looked at: {type(error).__name__}: {_shown(str(error))}"
        yield unknown(named.name, why, "This is a fault of llamadash: please report it.")


def _shown(text: str) -> str:
    """Paths and other programs' words are anybody's: one line, and not too long."""
    line = one_line(text)
    return line if len(line) <= MOST_TEXT else f"{line[:MOST_TEXT]}…"
