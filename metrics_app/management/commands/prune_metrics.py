from __future__ import annotations

import json
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from llamadash.formats import grouped
from llamadash.logs import one_line
from metrics_app.spans import span_seconds
from settings_app import retention
from settings_app.retention import Limit, Prunable

PAUSE_SECONDS: Final = 0.01  # for other writers
TOLD_SECONDS: Final = 1.0


class Command(BaseCommand):
    help = (
        "Deletes figures that are older, or more, than the retention policies allow; with a limit "
        "given here, those that exceed it in every tier."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--older-than", type=_span, metavar="30d", help="delete what is older")
        parser.add_argument(
            "--max-records", type=_count, metavar="N", help="keep the newest N rows of each table"
        )
        parser.add_argument("--dry-run", action="store_true", help="only count what would go")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        try:
            deleted = {
                kind.table: self._apply(kind, limit, dry_run=options["dry_run"])
                for kind, limit in self._limits(options["older_than"], options["max_records"])
            }
        except DatabaseError as error:
            raise CommandError(_database_words(error)) from error
        except KeyboardInterrupt:
            raise CommandError(
                "Stopped; what was deleted is gone. Run it again to go on."
            ) from None
        seconds = time.perf_counter() - started
        facts = {**deleted, "dry_run": options["dry_run"], "duration_seconds": round(seconds, 3)}
        self.stdout.write(json.dumps(facts) if options["json"] else _sentence(deleted, options))

    def _limits(
        self, older_than: int | None, max_records: int | None
    ) -> Iterator[tuple[Prunable, Limit]]:
        if older_than is None and max_records is None:
            for policy, kind in retention.policies():
                if kind.key.startswith("metrics."):
                    yield kind, retention.limit_of(policy)
            return
        for kind in retention.prunables("metrics."):
            yield kind, Limit(self._age(kind, older_than), max_records)

    def _age(self, kind: Prunable, older_than: int | None) -> int | None:
        """No less than what coarser figures are still to be made from."""
        least = kind.least_age_seconds
        if older_than is None or older_than >= least:
            return older_than
        self.stderr.write(f"{kind.table}: the last {least // 3_600} hours stay, they are needed.")
        return least

    def _apply(self, kind: Prunable, limit: Limit, *, dry_run: bool) -> int:
        if dry_run:
            return kind.excess(limit, time.time())
        n_rows, told_at = 0, time.monotonic()
        for n in kind.prune(limit, time.time()):
            n_rows += n
            if time.monotonic() - told_at >= TOLD_SECONDS:
                told_at = time.monotonic()
                self.stderr.write(f"{kind.table}: {grouped(n_rows)} rows deleted so far")
            time.sleep(PAUSE_SECONDS)
        return n_rows


def _sentence(deleted: dict[str, int], options: dict[str, Any]) -> str:
    word = "would be deleted" if options["dry_run"] else "deleted"
    rows = ", ".join(f"{grouped(n)} {table}" for table, n in deleted.items())
    return f"{grouped(sum(deleted.values()))} rows {word}: {rows}."


def _span(text: str) -> int:
    try:
        return span_seconds(text)
    except ValueError as error:
        raise ArgumentTypeError(one_line(str(error))) from None


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ArgumentTypeError(one_line(f"give a whole number of rows, not {text}"))
    return int(text)


def _database_words(error: DatabaseError) -> str:
    if "no such table" in str(error) or "does not exist" in str(error):
        return "The database has no tables yet: run `python manage.py migrate` first."
    words = one_line(str(error).strip())
    return (
        f"The database cannot be used ({words}): try again when it is free; nothing is half done."
    )
