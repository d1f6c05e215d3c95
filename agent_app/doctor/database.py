from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from agent_app.doctor import sqlite_file
from agent_app.doctor.finding import Finding, fail, ok
from agent_app.doctor.migrations import NAME, migration_finding


def check() -> Iterator[Finding]:
    if connection.vendor == "sqlite":
        yield from sqlite_file.check(Path(str(settings.DATABASES["default"]["NAME"])))
    else:
        yield from _server()


def _server() -> Iterator[Finding]:
    """PostgreSQL. The address is not shown, since it may hold a password."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            version = str(cursor.fetchone()[0])
            cursor.execute("SELECT pg_database_size(current_database())")
            cursor.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
            applied = []
            if cursor.fetchone()[0]:
                cursor.execute("SELECT app, name FROM django_migrations")
                applied = cursor.fetchall()
    except DatabaseError as error:
        words = f"PostgreSQL does not answer: {type(error.__cause__ or error).__name__}."
        yield fail(NAME, words, "Start it, and look at host, name and password in DATABASE_URL.")
        return
    yield ok(NAME, f"PostgreSQL {version}")
    yield migration_finding(applied)


def has_tables() -> bool:
    """Whether rows can be read; nothing is made where there is no database."""
    name = settings.DATABASES["default"]["NAME"]
    if connection.vendor == "sqlite" and not sqlite_file.has_content(Path(str(name))):
        return False
    try:
        return "django_migrations" in connection.introspection.table_names()
    except DatabaseError:
        return False
