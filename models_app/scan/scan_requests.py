"""Scans that are asked for: a row waits until the agent's scanner, or nobody else, runs it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from django.db import transaction
from django.utils import timezone

from models_app import options
from models_app.models import ModelRoot, ScanRun, ScanState, ScanTrigger
from models_app.scan.scan_locks import ScanBusy, is_held
from models_app.scan.scan_progress import RunTaken, recover
from models_app.scanning import scan

__all__ = [
    "NothingToScan",
    "ScanBusy",
    "cancel",
    "due",
    "listening",
    "recover",
    "request_due",
    "request_scan",
    "run_next",
    "some_can_run",
]

logger = logging.getLogger(__name__)

# After one, two, … scans in a row that left files alone because they were being written: a slow
# download goes on for hours.
SETTLING_AGAIN: Final = (
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
)
_listeners: list[Callable[[], None]] = []


class NothingToScan(ValueError):
    """No folder is switched on."""

    def __init__(self) -> None:
        super().__init__("There is no folder to scan yet: add one first.")


def request_scan(
    roots: Iterable[ModelRoot] | None = None,
    trigger: str = ScanTrigger.USER,
    force: bool = False,
) -> ScanRun:
    """A waiting scan of these roots, or of all that are switched on and not busy.

    Raises ScanBusy when one of these, or each of all, waits or is scanned already; NothingToScan
    without any.
    """
    chosen = list(ModelRoot.objects.enabled() if roots is None else roots)
    if not chosen:
        raise NothingToScan
    recover()
    with transaction.atomic():
        if roots is None:
            chosen = _without_busy(chosen) or chosen
        _refuse_busy(chosen)
        run = ScanRun.objects.create(trigger=trigger, force=force)
        run.roots.set(chosen)
        transaction.on_commit(_tell)
    return run


def _without_busy(roots: list[ModelRoot]) -> list[ModelRoot]:
    busy = set(ScanRun.objects.open().values_list("roots", flat=True))
    return [root for root in roots if root.pk not in busy]


def _refuse_busy(roots: list[ModelRoot]) -> None:
    busy = ScanRun.objects.open().filter(roots__in=roots).order_by("id").first()
    if busy is None:
        return
    root = busy.roots.filter(pk__in=[each.pk for each in roots]).first()
    raise ScanBusy(root.path if root else "It", f"scan {busy.pk}")


def run_next(stop: threading.Event | None = None) -> bool:
    """Runs the scan that has waited longest, in this thread. False when there is none to run.

    One whose root is locked by another process keeps waiting, and holds up no other.
    """
    return any(_runs(run, stop) for run in ScanRun.objects.queued().order_by("id"))


def some_can_run() -> bool:
    """Whether a scan waits that no lock keeps from running. Two queries, and a lock file a root."""
    waiting = ScanRun.objects.queued().prefetch_related("roots")
    return any(not any(map(is_held, run.roots.all())) for run in waiting)


def _runs(run: ScanRun, stop: threading.Event | None) -> bool:
    """False when it has to wait."""
    try:
        report = scan(run.roots.all(), run=run, force=run.force, stop=stop)
    except RunTaken:
        return True
    except ScanBusy as busy:
        logger.info("scan %s waits: %s", run.pk, busy)
        return False
    except Exception:  # scan() has logged it and marked the run
        return True
    logger.info(
        "scan %s %s: %s models, %s added, %s updated, %s missing, %s errors in %.1f s",
        run.pk,
        report.state,
        report.models,
        report.added,
        report.updated,
        report.missing,
        report.n_errors,
        report.duration_seconds,
    )
    return True


def due(now: datetime | None = None) -> bool:
    """Whether the schedule, files left alone last time, or a new folder ask for a scan."""
    return _all_due(now or timezone.now()) or bool(_new_roots())


def _all_due(now: datetime) -> bool:
    if ScanRun.objects.open().exists() or not ModelRoot.objects.enabled().exists():
        return False
    latest = list(ScanRun.objects.ended().order_by("-id")[: len(SETTLING_AGAIN)])
    if not latest:
        return _by_itself()
    since = now - (latest[0].ended_at or latest[0].created_at)
    n_settling = len(list(takewhile(_left_files_alone, latest)))
    if n_settling and since >= SETTLING_AGAIN[n_settling - 1]:
        return True
    minutes = options.SCAN_INTERVAL.get()
    return minutes > 0 and since >= timedelta(minutes=minutes)


def _by_itself() -> bool:
    """Whether anything is scanned that nobody asked to be."""
    return options.SCAN_ON_START.get() or options.SCAN_INTERVAL.get() > 0


def _left_files_alone(run: ScanRun) -> bool:
    return any(error.get("kind") == "settling" for error in run.errors)


def _new_roots() -> list[ModelRoot]:
    """Those that no scan was in yet. One whose first scan failed waits for the schedule: it would
    be scanned without end."""
    if not _by_itself():
        return []
    return list(ModelRoot.objects.enabled().filter(scanned_at=None, scan_runs=None))


def request_due() -> ScanRun | None:
    """Asks for the scan that is due, if one is: of new folders alone when the rest is not."""
    all_due = _all_due(timezone.now())
    roots = None if all_due else _new_roots()
    if not (all_due or roots):
        return None
    try:
        return request_scan(roots, trigger=ScanTrigger.SCHEDULE)
    except (ScanBusy, NothingToScan):
        return None


def cancel(run: ScanRun) -> bool:
    """A waiting scan ends at once, a running one at its next look; False when it has ended."""
    waiting = ScanRun.objects.filter(pk=run.pk, state=ScanState.QUEUED)
    if waiting.update(
        state=ScanState.CANCELLED, message="Cancelled before it began.", ended_at=timezone.now()
    ):
        return True
    running = ScanRun.objects.filter(pk=run.pk, state=ScanState.RUNNING)
    asked = running.update(cancel_requested=True) > 0
    recover()  # one whose process is gone looks at nothing any more
    return asked


@contextmanager
def listening(on_request: Callable[[], None]) -> Iterator[None]:
    """Calls `on_request`, in the asking thread, after each request made in this process."""
    _listeners.append(on_request)
    try:
        yield
    finally:
        _listeners.remove(on_request)


def _tell() -> None:
    for listener in _listeners:
        listener()
