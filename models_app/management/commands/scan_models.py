from __future__ import annotations

import json
import signal
import threading
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, OperationalError, ProgrammingError

from llamadash.logs import one_line
from models_app import roots
from models_app.models import ModelRoot, ScanState
from models_app.scan.scan_display import progress_display
from models_app.scanning import ScanBusy, ScanReport, scan

SHOWN: Final = (
    "roots", "files", "models", "added", "updated", "unchanged", "missing", "invalid",
    "incomplete", "duration_seconds",
)  # fmt: skip
NO_FOLDER: Final = (
    "No folder is known yet: give one, as in `manage.py scan_models /path/to/models`."
)
MOST_WORKERS: Final = 32


class Command(BaseCommand):
    help = "Looks for GGUF models in folders, given here or known already, and registers them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directories", metavar="DIR", nargs="*")
        parser.add_argument("--workers", type=_workers, metavar="N", help="threads that read")
        parser.add_argument("--force", action="store_true", help="read unchanged files again")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = self._scan(options)
        except roots.RootError as error:
            raise CommandError("\n".join(map(one_line, error.problems))) from error
        except ScanBusy as busy:
            raise CommandError(one_line(f"{busy}: wait for it to end, or cancel it.")) from busy
        except DatabaseError as error:
            raise CommandError(_database_words(error)) from error
        shown = {name: getattr(report, name) for name in SHOWN}
        self.stdout.write(json.dumps(shown) if options["json"] else _sentence(report))
        if report.state != ScanState.DONE:
            raise CommandError("Cancelled; what was read is kept. Run it again to complete it.")

    def _scan(self, options: dict[str, Any]) -> ScanReport:
        with _told_to_stop() as stop:
            chosen = roots.for_scan(options["directories"]) or self._all_roots()
            with progress_display(self.stderr) as display:
                report = scan(
                    chosen,
                    workers=options["workers"],
                    force=options["force"],
                    on_progress=display,
                    stop=stop,
                )
        for error in report.errors:
            self.stderr.write(one_line(f"{error.path}: {error.message}"))
        return report

    def _all_roots(self) -> list[ModelRoot]:
        problems = roots.sync_environment(settings.MODELS_DIRS)
        found = list(ModelRoot.objects.enabled())
        if not found:
            raise roots.RootError(problems or [NO_FOLDER])
        for problem in problems:
            self.stderr.write(one_line(f"LLAMADASH_MODELS_DIRS: {problem}"))
        return found


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """Set by the signals that end a program or its terminal: the scan then ends between two files.
    A second one ends it at once."""
    stop = threading.Event()
    signals = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in signals}

    def tell(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # as nohup sets it
            signal.signal(number, tell)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
