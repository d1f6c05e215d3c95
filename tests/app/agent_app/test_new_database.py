from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.db.utils import ConnectionHandler

CHECKOUT = Path(__file__).parents[3]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite's file")
@pytest.mark.django_db
def test_a_new_file_gives_its_pages_back() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA auto_vacuum")
        assert cursor.fetchone() == (2,)  # incremental


def test_migrate_alone_makes_such_a_file(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v", "0"],
        cwd=CHECKOUT,
        env={**environment, "LLAMADASH_DATA_DIR": str(tmp_path)},
        check=True,
    )
    with closing(sqlite3.connect(tmp_path / "llamadash.sqlite3")) as database:
        assert database.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite's locks")
@pytest.mark.django_db
def test_a_new_connection_reads_while_another_writes(tmp_path: Path) -> None:
    file = tmp_path / "db.sqlite3"
    here = settings.DATABASES["default"]
    # Whoever waits for the lock fails at once.
    options = {**here["OPTIONS"], "timeout": 0}
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE thing (n)")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO thing VALUES (1)")
        fresh = ConnectionHandler({"default": {**here, "NAME": str(file), "OPTIONS": options}})
        with closing(fresh["default"]), fresh["default"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM thing")
            assert cursor.fetchone() == (0,)
