from __future__ import annotations

import json
import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, OperationalError, ProgrammingError

from models_app import roots
from models_app.models import ModelRoot, ScanState
from models_app.scan.scan_display import progress_display
from models_app.scanning import ScanBusy, ScanReport, scan

SHOWN: Final = (
    "roots", "files", "models", "added", "updated", "unchanged", "missing", "invalid",
    "incomplete", "duration_seconds",
)  # fmt: skip
MOST_WORKERS: Final = 32


class Command(BaseCommand):
    help = "Looks for GGUF models in folders, given here or known already, and registers them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directories", metavar="DIR", nargs="*", type=Path)
        parser.add_argument("--workers", type=_workers, metavar="N", help="threads that read")
        parser.add_argument("--force", action="store_true", help="read unchanged files again")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = self._scan(options)
        except roots.RootError as error:
            raise CommandError("\n".join(error.problems)) from error
        except ScanBusy as busy:
            raise CommandError(f"{busy}: wait for it to end, or cancel it.") from busy
        except DatabaseError as error:
            raise CommandError(_database_words(error)) from error
        shown = {name: getattr(report, name) for name in SHOWN}
        self.stdout.write(json.dumps(shown) if options["json"] else _sentence(report))
        if report.state != ScanState.DONE:
            raise CommandError("Cancelled; what was read is kept. Run it again to complete it.")

    def _scan(self, options: dict[str, Any]) -> ScanReport:
        chosen = roots.for_scan(options["directories"]) or _all_roots()
        with progress_display(self.stderr) as display:
            report = scan(
                chosen, workers=options["workers"], force=options["force"], on_progress=display
            )
        for error in report.errors:
            self.stderr.write(f"{error.path}: {error.message}")
        return report


def _all_roots() -> list[ModelRoot]:
    problems = roots.sync_environment(settings.MODELS_DIRS)
    found = list(ModelRoot.objects.enabled())
    if not found:
        known = "no folder is known yet: give one, as in `manage.py scan_models /path/to/models`."
        raise roots.RootError(problems or [known.capitalize()])
    for problem in problems:
        sys.stderr.write(f"LLAMADASH_MODELS_DIRS: {problem}\n")
    return found


def _workers(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= MOST_WORKERS:
        raise ArgumentTypeError(f"give a number from 1 to {MOST_WORKERS}, not {text}")
    return number


def _database_words(error: DatabaseError) -> str:
    if isinstance(error, ProgrammingError | OperationalError) and "no such table" in str(error):
        return "The database has no tables yet: run `python manage.py migrate` first."
    return f"The database cannot be used ({error}): try again, or look at `manage.py check`."


def _sentence(report: ScanReport) -> str:
    words = [
        f"{report.models} models in {report.files} files",
        *(
            f"{getattr(report, name)} {name}"
            for name in ("added", "updated", "missing", "invalid", "incomplete")
            if getattr(report, name)
        ),
    ]
    return f"{', '.join(words)}; {report.duration_seconds:.1f} s."
