"""The scan: finds model files, reads their headers, brings the registry up to date.

    walks, one thread per root  ->  reader threads  ->  this thread, the only one that writes

A rescan reads what has changed since. Everything is committed in short pieces, so a scan may end
at any moment (cancelled, killed, out of disk); the next one completes it.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

from django.db import IntegrityError
from django.utils import timezone

from llamadash.perf import monitor, timed
from models_app import options
from models_app.disk.bounded import real_paths
from models_app.disk.file_reading import Reading, read_file
from models_app.disk.reader_threads import ReaderThreads
from models_app.disk.walking import Lister, Place, Walk, WalkResult, finished_walks
from models_app.models import (
    FileState,
    LlamaModel,
    ModelRoot,
    RegistryVersion,
    ScanRun,
    ScanState,
    ScanTrigger,
)
from models_app.scan import scan_locks
from models_app.scan.copies import count_copies
from models_app.scan.memory_columns import refresh_memory
from models_app.scan.model_rows import ModelRows
from models_app.scan.moves import follow_moves
from models_app.scan.projectors import pair_projectors
from models_app.scan.registering import (
    BATCH_FILES,
    Known,
    Written,
    in_transaction,
    write_absence,
    write_models,
    write_seen,
)
from models_app.scan.root_scan import Pending, RootScan, read_settled
from models_app.scan.scan_locks import ScanBusy
from models_app.scan.scan_progress import (
    Cancelled,
    OnProgress,
    Progress,
    RunTaken,
    ScanError,
    ScanRecord,
    ScanReport,
    begin,
    recover,
)

__all__ = ["Progress", "RunTaken", "ScanBusy", "ScanError", "ScanReport", "scan"]

logger = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 0.5  # how long read models wait for more to be written with
LONGEST_WAIT_SECONDS: Final = 5.0  # for files that are being written; later is the next scan's
NUMPY_FROM: Final = 8  # files to read, from where its import (0.1 s, 20 MB) pays
RESOLVE_SECONDS: Final = 1.0
MOST_WAITING_CHARACTERS: Final = 8 << 20  # of texts read and not yet written
_POLL_SECONDS: Final = 0.02


def scan(
    roots: Iterable[ModelRoot],
    *,
    workers: int | None = None,
    force: bool = False,
    run: ScanRun | None = None,
    trigger: str = ScanTrigger.COMMAND,
    on_progress: OnProgress | None = None,
    stop: threading.Event | None = None,
    lister: Lister = os.scandir,
) -> ScanReport:
    """Scans roots in the calling thread and says what it found. `force` reads unchanged files too;
    `lister` lists a folder, and is there for tests of disks that fail.

    Raises ScanBusy when one of the roots is being scanned, RunTaken when a waiting `run` is not
    waiting any more, and what the database raises. Faults of files and folders are in the report.
    """
    chosen = list(roots)
    recover()
    with scan_locks.hold(chosen):
        record = ScanRecord(begin(run, chosen, trigger, force), on_progress, stop)
        work: Scan | None = None
        try:
            work = Scan(chosen, record, workers or options.SCAN_WORKERS.get(), force)
            with timed("scan.total", slow_seconds=60):
                work.run(lister)
        except (Cancelled, KeyboardInterrupt):
            if work is not None:
                work.count()
            return record.end(ScanState.CANCELLED, "Cancelled; what was read is kept.")
        except BaseException as error:
            logger.exception("scan %s failed", record.run.pk)
            _end_failed(record, error)
            raise
        return record.end(ScanState.DONE)


def _end_failed(record: ScanRecord, error: BaseException) -> None:
    try:
        record.end(ScanState.FAILED, f"{type(error).__name__}: {error}"[:1000])
    except Exception:  # the database is gone: recover() will mark the run later
        logger.warning("the end of scan %s could not be written", record.run.pk)


class Scan:
    def __init__(
        self, roots: list[ModelRoot], record: ScanRecord, workers: int, force: bool
    ) -> None:
        self.roots = roots
        self.record = record
        self.report = record.report
        self.workers = workers
        self.force = force
        self.now = timezone.now()
        self.written = Written()
        self.changed = False
        self.n_unchanged = self.n_unfinished = 0
        self.settle_seconds = options.SETTLE_SECONDS.get()
        self.stall_seconds = options.STALL_SECONDS.get()
        self.memory_context = options.MEMORY_CONTEXT.get()
        self.later: list[Pending] = []
        self.seen_roots: list[int] = []  # the others did not answer
        self.finish_all = not _last_scan_was_done(record.run)

    def run(self, lister: Lister) -> None:
        self.report.roots = len(self.roots)
        by_walk = {Walk(place, lister): root for root, place in self._places()}
        for walk in finished_walks(by_walk, self.stall_seconds, partial(self._wait, by_walk)):
            monitor.record("scan.walk", walk.seconds)
            self._scan_root(by_walk[walk], self._result(walk))
        self._read_later()
        self._finish()

    def _places(self) -> Iterator[tuple[ModelRoot, Place]]:
        enabled = ModelRoot.objects.enabled().values_list("path", flat=True)
        paths = {*enabled, *(root.path for root in self.roots)}
        allowed = tuple(real_paths(paths, RESOLVE_SECONDS).values())
        for root in self.roots:
            yield root, Place(root.path, root.kind, root.follow_links, allowed)

    def _wait(self, walks: Iterable[Walk]) -> None:
        self.record.current = next((walk.at for walk in walks if not walk.done.is_set()), "")
        self.record.check()
        time.sleep(_POLL_SECONDS)

    def _result(self, walk: Walk) -> WalkResult:
        if not walk.abandoned:
            return walk.result
        return WalkResult(problem=f"did not answer for {self.stall_seconds:g} s")

    # -- one root
    def _scan_root(self, root: ModelRoot, result: WalkResult) -> None:
        for note in result.notes:
            self.report.add_error(*note)
        self._set_problem(root, result.problem)
        self.report.files += len(result.found)
        root_scan = RootScan(root, result, Known.of(root), self.now, force=self.force)
        pending = self._settled(root_scan.to_read())
        self.n_unchanged += root_scan.n_unchanged
        self.n_unfinished += result.n_unfinished
        self._count_compared()
        self._read(pending, read_file)
        if result.is_complete:
            self.seen_roots.append(root.pk)
            absence = root_scan.absence()
            write_absence(absence, root.scanned_at, self.now)
            self.changed |= absence.anything
        write_seen(root_scan.unchanged_files, self.now)

    def _set_problem(self, root: ModelRoot, problem: str) -> None:
        if problem:
            self.report.add_error(root.path, "root", problem)
        if root.problem == problem:
            return
        root.problem = problem

        def write() -> None:
            ModelRoot.objects.filter(pk=root.pk).update(problem=problem)
            RegistryVersion.raise_it()

        in_transaction(write)

    def _settled(self, pending: Iterable[Pending]) -> list[Pending]:
        """Without the models that are being written: they wait until all others are read."""
        ready: list[Pending] = []
        for each in pending:
            (self.later if each.rest_in(self.settle_seconds) else ready).append(each)
        return ready

    # -- reading and writing
    def _read(self, pending: list[Pending], read: Callable[..., Reading]) -> None:
        files = [file for each in pending for file in each.group.files.values()]
        if not files:
            return
        self.record.n_to_read += len(files)
        places = {
            file.path: (number, each)
            for each in pending
            for number, file in each.group.files.items()
        }
        use_numpy = "numpy" in sys.modules or len(files) >= NUMPY_FROM
        reader = partial(read, use_numpy=use_numpy)
        batch = _Batch(self)
        with ReaderThreads(self.workers, reader, self.stall_seconds) as threads:
            for reading in threads.read_all(files, self.record.check):
                number, each = places[reading.found.path]
                self._take(reading, number, each, batch)
        batch.flush()

    def _take(self, reading: Reading, number: int, pending: Pending, batch: _Batch) -> None:
        self.record.n_read += 1
        self.record.current = reading.found.path
        pending.readings[number] = reading
        if not pending.is_complete:
            return
        if pending.changed:
            self.later.append(pending)
            return
        for each in pending.readings.values():
            if (error := each.error) is not None:
                kind = error.kind if error.kind == "os_error" else "invalid"
                self.report.add_error(each.found.path, kind, str(error))
        batch.add(pending)

    def write(self, root: ModelRoot, pending: list[Pending]) -> None:
        """Writes models of one root, which may have been removed by now."""
        rows = [
            ModelRows(root, each.group, each.readings, self.now, self.memory_context)
            for each in pending
        ]
        try:
            write_models(rows, pending[0].root_scan.known, self.written)
        except IntegrityError:
            if ModelRoot.objects.filter(pk=root.pk).exists():
                raise
            self.report.add_error(root.path, "root", "was removed while it was scanned")
        self._count_compared()

    def _count_compared(self) -> None:
        """While it goes on, and where it was cancelled: what it knows so far."""
        report, written = self.report, self.written
        report.added, report.updated = max(0, written.added), written.updated
        report.unchanged = self.n_unchanged + written.unchanged
        report.models = report.added + report.updated + report.unchanged

    def _read_later(self) -> None:
        """Once more, after a short wait, what was being written when it was found."""
        rest = [(each.rest_in(self.settle_seconds), each) for each in self.later]
        soon = [(seconds, each) for seconds, each in rest if seconds <= LONGEST_WAIT_SECONDS]
        self.later = [each for seconds, each in rest if seconds > LONGEST_WAIT_SECONDS]
        until = time.monotonic() + max((seconds for seconds, _ in soon), default=0.0)
        while time.monotonic() < until:
            self.record.check()
            time.sleep(_POLL_SECONDS)
        for _, each in soon:
            each.readings.clear()
        reader = partial(read_settled, settle_seconds=self.settle_seconds)
        self._read([each for _, each in soon], reader)
        for each in self.later:
            self.report.settling += 1
            self.report.add_error(
                each.group.path, "settling", "is being written: the next scan reads it"
            )

    # -- what concerns several models
    def _finish(self) -> None:
        self.changed |= self.written.anything
        if self.changed or self.finish_all:
            moved = follow_moves()
            self.written.added -= moved
            self.written.updated += moved
            pair_projectors()
            count_copies()
        refresh_memory(options.MEMORY_CONTEXT.get())  # it may have been changed meanwhile
        ModelRoot.objects.filter(pk__in=self.seen_roots).update(scanned_at=self.now)
        self.count()

    def count(self) -> None:
        report = self.report
        states = LlamaModel.objects.filter(root__in=self.roots).order_by()
        found = list(states.values_list("state", flat=True))
        report.missing = found.count(FileState.MISSING)
        report.invalid = found.count(FileState.INVALID)
        report.incomplete = found.count(FileState.INCOMPLETE) + self.n_unfinished
        self._count_compared()
        report.models = len(found) - report.missing


class _Batch:
    """Models read but not yet written."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._pending: list[Pending] = []
        self._n_files = self._n_characters = 0
        self._flushed_at = time.monotonic()

    def add(self, pending: Pending) -> None:
        self._pending.append(pending)
        self._n_files += len(pending.readings)
        self._n_characters += sum(each.text_characters for each in pending.readings.values())
        if self._is_due():
            self.flush()

    def _is_due(self) -> bool:
        return (
            self._n_files >= BATCH_FILES
            or self._n_characters >= MOST_WAITING_CHARACTERS
            or time.monotonic() - self._flushed_at > FLUSH_SECONDS
        )

    def flush(self) -> None:
        if not self._pending:
            return
        by_root: dict[ModelRoot, list[Pending]] = {}
        for each in self._pending:
            by_root.setdefault(each.root_scan.root, []).append(each)
        for root, pending in by_root.items():
            self._scan.write(root, pending)
        self._pending, self._n_files, self._n_characters = [], 0, 0
        self._flushed_at = time.monotonic()


def _last_scan_was_done(run: ScanRun) -> bool:
    last = ScanRun.objects.ended().exclude(pk=run.pk).order_by("-id").first()
    return last is not None and last.state == ScanState.DONE
