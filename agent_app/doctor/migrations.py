from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db.migrations.loader import MigrationLoader

from agent_app.doctor.finding import Finding, fail, note, ok

NAME: Final = "database"
_SHOWN: Final = 4


def migration_finding(applied: Iterable[tuple[str, str]]) -> Finding:
    """`applied` are (app, name), as the table of migrations has them."""
    done = set(applied)
    loader = MigrationLoader(None)
    here = set(loader.disk_migrations)
    replaced = {old for each in loader.disk_migrations.values() for old in each.replaces}
    pending = sorted(here - done)
    ours = {app for app, _ in here}
    newer = sorted((app, name) for app, name in done - here - replaced if app in ours)
    if newer:
        words = f"The database was made by a newer llamadash: {_named(newer)}."
        return fail("migrations", words, "Use that version, or the database of this one.")
    if not done:
        words = "The database has no tables yet."
        return note("migrations", words, "manage.py serve makes them at its start.")
    if pending:
        words = f"{len(pending)} migrations are not applied: {_named(pending)}."
        advice = "Start serve again, which applies them, or run manage.py migrate."
        return fail("migrations", words, advice)
    return ok("migrations", f"all {len(here)} are applied")


def _named(migrations: list[tuple[str, str]]) -> str:
    shown = [f"{app}.{name}" for app, name in migrations[:_SHOWN]]
    more = len(migrations) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
