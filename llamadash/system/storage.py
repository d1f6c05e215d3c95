from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection


@dataclass(frozen=True, slots=True)
class Storage:
    """The database and the disk below it. Sizes in bytes; None where it does not apply."""

    engine: str
    version: str
    name: str
    size_bytes: int | None
    wal_bytes: int | None
    free_pages: int | None
    pages: int | None
    data_dir: str
    disk_free_bytes: int | None
    disk_total_bytes: int | None


def read_storage() -> Storage:
    free_bytes, total_bytes = data_disk()
    database = _sqlite() if connection.vendor == "sqlite" else _postgresql()
    return Storage(
        *database,
        data_dir=str(settings.DATA_DIR),
        disk_free_bytes=free_bytes,
        disk_total_bytes=total_bytes,
    )


Database = tuple[str, str, str, int | None, int | None, int | None, int | None]


def _sqlite() -> Database:
    path = Path(str(connection.settings_dict["NAME"]))
    pages, free_pages = _ask("PRAGMA page_count"), _ask("PRAGMA freelist_count")
    wal_bytes = _file_bytes(path.with_name(path.name + "-wal"))
    version = str(_ask("SELECT sqlite_version()"))
    return ("SQLite", version, str(path), _file_bytes(path), wal_bytes, free_pages, pages)


def _postgresql() -> Database:
    host = connection.settings_dict["HOST"] or "this machine"
    name = f"{connection.settings_dict['NAME']} on {host}"
    size_bytes = _ask("SELECT pg_database_size(current_database())")
    version = str(_ask("SHOW server_version"))
    return ("PostgreSQL", version, name, size_bytes, None, None, None)


def _ask(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
    return row[0] if row else 0


def _file_bytes(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def data_disk() -> tuple[int | None, int | None]:
    try:
        usage = shutil.disk_usage(settings.DATA_DIR)
    except OSError:
        return None, None
    return usage.free, usage.total
