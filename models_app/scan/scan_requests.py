"""Scans that are asked for: a row waits until the agent's scanner, or nobody else, runs it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from models_app import options
from models_app.models import ModelRoot, ScanRun, ScanState, ScanTrigger
from models_app.scan.scan_locks import ScanBusy
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
]

logger = logging.getLogger(__name__)

# After a scan that left files alone because they were being written.
SETTLING_AGAIN: Final = timedelta(seconds=15)
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
    """A waiting scan of these roots, or of all that are switched on.

    Raises ScanBusy when one of them waits or is scanned already, NothingToScan without any.
    """
    chosen = list(ModelRoot.objects.enabled() if roots is None else roots)
    if not chosen:
        raise NothingToScan
    with transaction.atomic():
        _refuse_busy(chosen)
        run = ScanRun.objects.create(trigger=trigger, force=force)
        run.roots.set(chosen)
        transaction.on_commit(_tell)
    return run


def _refuse_busy(roots: list[ModelRoot]) -> None:
    busy = ScanRun.objects.open().filter(roots__in=roots).order_by("id").first()
    if busy is None:
        return
    root = busy.roots.filter(pk__in=[each.pk for each in roots]).first()
    raise ScanBusy(root.path if root else "It", f"scan {busy.pk}")


def run_next(stop: threading.Event | None = None) -> bool:
    """Runs the scan that has waited longest, in this thread. False when there is none to run.

    One whose root is locked by another process keeps waiting.
    """
    run = ScanRun.objects.queued().order_by("id").first()
    if run is None:
        return False
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
    """Whether the schedule, or files left alone last time, ask for a scan."""
    now = now or timezone.now()
    if ScanRun.objects.open().exists() or not ModelRoot.objects.enabled().exists():
        return False
    last = ScanRun.objects.ended().order_by("-id").first()
    if last is None:
        return options.SCAN_ON_START.get() or options.SCAN_INTERVAL.get() > 0
    since = now - (last.ended_at or last.created_at)
    if any(error.get("kind") == "settling" for error in last.errors):
        return since >= SETTLING_AGAIN
    minutes = options.SCAN_INTERVAL.get()
    return minutes > 0 and since >= timedelta(minutes=minutes)


def request_due() -> ScanRun | None:
    """Asks for the scan that is due, if one is."""
    if not due():
        return None
    try:
        return request_scan(trigger=ScanTrigger.SCHEDULE)
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
    return running.update(cancel_requested=True) > 0


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
