"""What a SQLite file must be told while it is still empty."""

from __future__ import annotations

from typing import Any

from django.db import connections


def before_the_first_table(using: str, **signal: Any) -> None:
    """Receives `pre_migrate`. Lets the file give pages back; counts only before any table.

    Not part of the `init_command`: this pragma takes the writer's lock, and so each new connection
    would wait for whoever is writing.
    """
    connection = connections[using]
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT NOT EXISTS (SELECT 1 FROM sqlite_master)")
        if cursor.fetchone()[0] and not connection.in_atomic_block:
            cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")
            cursor.execute("VACUUM")  # the file's first page, which WAL mode has made already
