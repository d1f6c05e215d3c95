"""The record of one scan while it goes on: its row, its counts, and whether it is to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from django.db import OperationalError, transaction
from django.utils import timezone

from models_app.disk.found import shown
from models_app.models import ModelRoot, ScanRun, ScanState
from models_app.scan import scan_locks

logger = logging.getLogger(__name__)

MOST_ERRORS: Final = 200
KEPT_RUNS: Final = 200
WRITE_SECONDS: Final = 0.5
# What is said of a file but is no fault of the scan: not counted among the errors. An invalid file
# was read; it is counted as invalid, by every scan that finds it.
NOTES: Final = ("settling", "download", "depth", "invalid")


class ScanError(NamedTuple):
    path: str
    kind: str
    message: str


class Cancelled(Exception):
    """The scan was asked to stop. What it has written stays."""


class RunTaken(Exception):
    """The run is not waiting any more: another process has it, or it was cancelled."""


@dataclass(slots=True)
class ScanReport:
    roots: int = 0
    files: int = 0  # model files found
    models: int = 0  # that they make up
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    missing: int = 0
    invalid: int = 0
    incomplete: int = 0
    duration_seconds: float = 0.0
    state: str = ScanState.RUNNING
    errors: list[ScanError] = field(default_factory=list)  # the first 200
    n_errors: int = 0
    settling: int = 0  # files being written: the next scan reads them

    def add_error(self, path: str, kind: str, message: str) -> None:
        self.n_errors += kind not in NOTES
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(ScanError(shown(path), kind, message))


@dataclass(frozen=True, slots=True)
class Progress:
    n_files: int
    n_to_read: int
    n_read: int
    current: str


OnProgress = Callable[[Progress], None]


class ScanRecord:
    """Call `check` often: it costs a look at the clock, and writes twice a second at most."""

    def __init__(
        self,
        run: ScanRun,
        on_progress: OnProgress | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self.run = run
        self.report = ScanReport()
        self.n_to_read = self.n_read = 0
        self.current = ""
        self._on_progress = on_progress
        self._stop = stop
        self._started = time.monotonic()
        self._written_at = self._started

    def check(self) -> None:
        """Raises Cancelled."""
        if self._stop is not None and self._stop.is_set():
            raise Cancelled
        now = time.monotonic()
        if now - self._written_at < WRITE_SECONDS:
            return
        self._written_at = now
        if self._on_progress is not None:
            self._on_progress(
                Progress(self.report.files, self.n_to_read, self.n_read, self.current)
            )
        try:
            self._write()
        except OperationalError as error:  # a figure less is no reason to end a scan
            logger.info("progress of scan %s not written: %s", self.run.pk, error)

    def _write(self) -> None:
        row = ScanRun.objects.filter(pk=self.run.pk)
        row.update(**self._counts(), current=shown(self.current))
        if row.values_list("cancel_requested", flat=True).first():
            raise Cancelled

    def _counts(self) -> dict[str, object]:
        report = self.report
        return {
            "n_files": report.files,
            "n_models": report.models,
            "n_added": report.added,
            "n_updated": report.updated,
            "n_unchanged": report.unchanged,
            "n_missing": report.missing,
            "n_invalid": report.invalid,
            "n_incomplete": report.incomplete,
            "n_to_read": self.n_to_read,
            "n_read": self.n_read,
            "n_errors": report.n_errors,
            "errors": [error._asdict() for error in report.errors],
        }

    def end(self, state: str, message: str = "") -> ScanReport:
        self.report.state = state
        self.report.duration_seconds = round(time.monotonic() - self._started, 3)
        ScanRun.objects.filter(pk=self.run.pk).update(
            **self._counts(), state=state, message=message, current="", ended_at=timezone.now()
        )
        self.run.refresh_from_db()
        _forget_old_runs()
        return self.report


def begin(run: ScanRun | None, roots: list[ModelRoot], trigger: str, force: bool) -> ScanRun:
    """The row of a scan that starts now; a waiting one is claimed. Raises RunTaken."""
    now = timezone.now()
    if run is not None:
        waiting = ScanRun.objects.filter(pk=run.pk, state=ScanState.QUEUED)
        if not waiting.update(state=ScanState.RUNNING, started_at=now):
            raise RunTaken
        run.refresh_from_db()
        return run
    with transaction.atomic():
        run = ScanRun.objects.create(
            trigger=trigger,
            force=force,
            state=ScanState.RUNNING,
            created_at=now,
            started_at=now,
        )
        run.roots.set(roots)
    return run


def _forget_old_runs() -> None:
    ended = ScanRun.objects.ended().order_by("-id")
    first_old = ended.values_list("pk", flat=True)[KEPT_RUNS : KEPT_RUNS + 1].first()
    if first_old is None:
        return
    try:
        ScanRun.objects.ended().filter(pk__lte=first_old).delete()
    except OperationalError as error:  # the next scan does it
        logger.info("old scans were not deleted: %s", error)


def recover() -> int:
    """Marks runs whose process has ended without saying so. Returns how many.

    A running scan holds its roots' locks from before its row says so until after it says it ended.
    """
    interrupted = 0
    for run in ScanRun.objects.filter(state=ScanState.RUNNING):
        if any(map(scan_locks.is_held, run.roots.all())):
            continue
        interrupted += ScanRun.objects.filter(pk=run.pk, state=ScanState.RUNNING).update(
            state=ScanState.INTERRUPTED,
            message="Its process ended; what was read is kept. The next scan completes it.",
            current="",
            ended_at=timezone.now(),
        )
    return interrupted
