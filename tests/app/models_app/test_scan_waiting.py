"""Scans that wait: for others, for writers, or for one whose process is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from models_app.models import ModelRoot, ScanRun, ScanState
from models_app.scan import scan_locks, scan_progress, scan_requests
from models_app.scanning import ScanBusy, scan
from tests.fakes.gguf_models import llama_like
from tests.scans import at_rest, last_run, root_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def roots(tmp_path: Path) -> list[ModelRoot]:
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        llama_like(tmp_path / name / "a.gguf", name=name)
        found.append(root_at(at_rest(tmp_path / name)))
    return found


@contextmanager
def running(*roots: ModelRoot) -> Iterator[ScanRun]:
    """A scan that goes on in another process."""
    with scan_locks.hold(roots):
        run = ScanRun.objects.create(state=ScanState.RUNNING, started_at=timezone.now())
        run.roots.set(roots)
        yield run


def left_running(*roots: ModelRoot) -> ScanRun:
    """The row of a scan whose process was killed."""
    with running(*roots) as run:
        return run


def test_a_request_is_not_refused_for_a_scan_whose_process_is_gone(roots: list[ModelRoot]) -> None:
    gone = left_running(*roots)
    assert scan_requests.request_scan(roots).state == ScanState.QUEUED
    gone.refresh_from_db()
    assert gone.state == ScanState.INTERRUPTED


def test_cancelling_a_scan_whose_process_is_gone_ends_it(roots: list[ModelRoot]) -> None:
    gone = left_running(*roots)
    scan_requests.cancel(gone)
    gone.refresh_from_db()
    assert gone.state == ScanState.INTERRUPTED


def test_a_request_for_all_asks_for_those_that_are_not_busy(roots: list[ModelRoot]) -> None:
    with running(roots[0]):
        assert list(scan_requests.request_scan().roots.all()) == [roots[1]]
        with pytest.raises(ScanBusy):
            scan_requests.request_scan()


def test_a_request_for_some_is_refused_when_one_is_busy(roots: list[ModelRoot]) -> None:
    with running(roots[0]), pytest.raises(ScanBusy):
        scan_requests.request_scan(roots)


def test_a_new_folder_is_due_while_another_is_scanned(roots: list[ModelRoot]) -> None:
    with running(roots[0]):
        run = scan_requests.request_due()
        assert run is not None and list(run.roots.all()) == [roots[1]]
        assert scan_requests.request_due() is None


def test_a_new_folder_is_due_alone_when_the_rest_is_not(roots: list[ModelRoot]) -> None:
    scan([roots[0]])
    run = scan_requests.request_due()
    assert run is not None and list(run.roots.all()) == [roots[1]]


def test_a_locked_root_holds_up_no_other_scan(roots: list[ModelRoot]) -> None:
    first = scan_requests.request_scan([roots[0]])
    second = scan_requests.request_scan([roots[1]])
    with scan_locks.hold([roots[0]]):
        assert scan_requests.some_can_run()
        assert scan_requests.run_next()
        assert not scan_requests.some_can_run()
        assert not scan_requests.run_next()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (ScanState.QUEUED, ScanState.DONE)
    assert scan_requests.some_can_run()


def test_asking_for_a_lock_keeps_nobody_from_asking_and_writes_nothing(
    roots: list[ModelRoot],
) -> None:
    assert not scan_locks.is_held(roots[0])
    with scan_locks.hold([roots[0]]):
        held = [scan_locks.is_held(root) for root in (roots[0], roots[0], roots[1])]
        with pytest.raises(ScanBusy, match=r"by process \d+"), scan_locks.hold([roots[0]]):
            pass
    assert held == [True, True, False]
    assert not scan_locks.is_held(roots[0])


def test_files_that_are_written_for_hours_are_looked_at_less_and_less(
    roots: list[ModelRoot],
) -> None:
    waits = []
    now = timezone.now()
    for _ in range(5):
        settling = [{"path": "/a", "kind": "settling", "message": ""}]
        run = ScanRun.objects.create(state=ScanState.DONE, ended_at=now, errors=settling)
        run.roots.set(roots)
        seconds = (14, 16, 59, 61, 299, 301, 899, 901)
        waits.append(next(s for s in seconds if scan_requests.due(now + timedelta(seconds=s))))
    assert waits == [16, 61, 301, 901, 901]


def test_the_latest_scans_are_kept(roots: list[ModelRoot], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_progress, "KEPT_RUNS", 2)
    for _ in range(4):
        scan(roots)
    waiting = scan_requests.request_scan()
    kept = list(ScanRun.objects.values_list("pk", flat=True))
    assert kept == [waiting.pk, waiting.pk - 1, waiting.pk - 2]
    assert last_run().roots.count() == 2
