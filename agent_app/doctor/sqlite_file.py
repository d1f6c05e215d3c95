"""The SQLite database, past Django: a connection of the program would make a file that is not there
and set its journal."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from agent_app.doctor.finding import Finding, fail, note, ok, unknown
from agent_app.doctor.migrations import NAME, migration_finding
from llamadash.formats import size

CHECK_SECONDS: Final = 10.0
BUSY_SECONDS: Final = 1.0
LARGE_WAL_BYTES: Final = 128 << 20
_STEPS: Final = 10_000  # of SQLite's virtual machine between two looks at the time
_MAGIC: Final = b"SQLite format 3\0"
SAVE: Final = (
    "Stop llamadash, put the file and those beside it (-wal, -shm) away as they are, and bring "
    "back a copy from before. What can still be read: sqlite3 FILE .recover"
)


def check(path: Path) -> Iterator[Finding]:
    try:
        status = path.stat()
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except FileNotFoundError:
        yield note(NAME, f"There is none yet: {path}", "manage.py serve makes it at its start.")
        return
    except OSError as error:
        words = f"{path} cannot be read: {error.strerror}."
        yield fail(NAME, words, "Let this account read and write it.")
        return
    if status.st_size and magic != _MAGIC:
        yield fail(NAME, f"{path} is no SQLite database, or its beginning is damaged.", SAVE)
        return
    try:
        with closing(_opened(path)) as connection:
            yield _integrity(connection, path, status.st_size)
            yield migration_finding(_applied(connection))
    except sqlite3.OperationalError as error:
        yield fail(NAME, f"{path} cannot be opened: {error}.", _how_to_open(path))
        return
    except sqlite3.DatabaseError as error:
        yield fail(NAME, f"{path} is damaged: {error}.", SAVE)
        return
    yield from _journal(path)


def has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _opened(path: Path) -> sqlite3.Connection:
    """To read. Where nobody has it open no file is made beside it, also on a read-only disk."""
    way = "mode=ro" if _beside(path, "-wal").exists() else "immutable=1"
    address = f"file:{quote(str(path))}?{way}"
    return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)


def _integrity(connection: sqlite3.Connection, path: Path, n_bytes: int) -> Finding:
    deadline = time.monotonic() + CHECK_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    try:
        rows = connection.execute("PRAGMA quick_check(3)").fetchall()
    except sqlite3.OperationalError as error:
        if "interrupt" not in str(error):
            raise
        words = f"{size(n_bytes)}: its check was not done after {CHECK_SECONDS:.0f} seconds."
        return unknown(NAME, words, f"To check all of it: sqlite3 {path} 'PRAGMA quick_check'")
    finally:
        connection.set_progress_handler(None, 0)
    said = "; ".join(str(row[0]) for row in rows)
    if said != "ok":
        return fail(NAME, f"{path} is damaged: {said}", SAVE)
    return ok(NAME, f"SQLite, {size(n_bytes)}, passes its check")


def _applied(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    table = "SELECT 1 FROM sqlite_master WHERE name = 'django_migrations'"
    if connection.execute(table).fetchone() is None:
        return []
    rows = connection.execute("SELECT app, name FROM django_migrations").fetchall()
    return [(str(app), str(name)) for app, name in rows]


def _how_to_open(path: Path) -> str:
    return f"Let this account write to {path.parent}, and see that its disk is not read-only."


def _journal(path: Path) -> Iterator[Finding]:
    """Of writers. Only where the database is in use: else there are none, and a connection that can
    write would tidy up behind itself."""
    wal = _beside(path, "-wal")
    try:
        n_bytes = wal.stat().st_size
    except OSError:
        return
    if n_bytes > LARGE_WAL_BYTES:
        words = f"Its write-ahead log has {size(n_bytes)}: something keeps it from being taken in."
        yield note(NAME, words, "Restart llamadash; end other programs that have it open.")
    if (writer := _writer(path)) is not None:
        advice = "Wait and look again; if it stays, restart llamadash and whatever else writes."
        yield note(NAME, writer, advice)


def _writer(path: Path) -> str | None:
    """Who writes for longer than a moment. The lock is taken and given back at once."""
    if not _beside(path, "-shm").exists():
        return None
    address = f"file:{quote(str(path))}?mode=ro"
    # A reader of its own keeps the log in place when the writer below is closed.
    with closing(sqlite3.connect(address, uri=True)) as reader:
        reader.execute("SELECT 1 FROM sqlite_master").fetchone()
        address = f"file:{quote(str(path))}?mode=rw"
        with closing(
            sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        ) as writer:
            try:
                writer.execute("BEGIN IMMEDIATE")
                writer.execute("ROLLBACK")
            except sqlite3.OperationalError as error:
                if "locked" in str(error):
                    return f"Somebody writes to it for longer than {BUSY_SECONDS:.0f} second."
                return f"It cannot be written to: {error}."
    return None
