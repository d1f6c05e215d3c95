"""Whether a failure is the database's for the moment, so that trying again may help."""

from __future__ import annotations

import sqlite3
from typing import Final

from django.db import DatabaseError, InterfaceError, OperationalError

# Parts of SQLite's messages: another writer, and no room to write.
_SQLITE: Final = ("locked", "busy", "database or disk is full")
# PostgreSQL: connections, resources, shutdown; lock and statement timeouts, deadlock, conflict.
_CLASSES: Final = ("08", "53", "57P")
_STATES: Final = ("55P03", "57014", "40P01", "40001")


def is_busy(error: BaseException | None) -> bool:
    """Also of what was raised because of it: a session that could not be saved."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, (DatabaseError, InterfaceError)) and _is_for_now(error):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _is_for_now(error: DatabaseError | InterfaceError) -> bool:
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return any(words in str(cause) for words in _SQLITE)
    if not type(cause).__module__.startswith("psycopg"):
        return False
    state = getattr(cause, "sqlstate", None)
    if state is None:  # there was no answer: not connected, or not any more
        return isinstance(error, (OperationalError, InterfaceError))
    return state.startswith(_CLASSES) or state in _STATES
