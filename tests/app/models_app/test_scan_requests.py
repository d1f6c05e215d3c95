from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from models_app.models import ModelRoot, ScanRun, ScanState
from models_app.options import SCAN_INTERVAL, SCAN_ON_START, SETTLE_SECONDS
from models_app.scan import scan_locks, scan_requests
from models_app.scanning import ScanBusy, scan
from tests.fakes.gguf_models import llama_like
from tests.scans import at_rest, last_run, model_at, root_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(tmp_path: Path) -> ModelRoot:
    llama_like(tmp_path / "a.gguf")
    return root_at(at_rest(tmp_path))


def ended(ago: timedelta, **columns: object) -> ScanRun:
    at = timezone.now() - ago
    run = ScanRun.objects.create(state=ScanState.DONE, created_at=at, ended_at=at, **columns)
    run.roots.set(ModelRoot.objects.all())
    return run


def test_a_request_waits_until_it_is_run(root: ModelRoot) -> None:
    run = scan_requests.request_scan()
    assert (run.state, list(run.roots.all())) == (ScanState.QUEUED, [root])
    assert scan_requests.run_next()
    run.refresh_from_db()
    assert (run.state, run.n_added) == (ScanState.DONE, 1)
    assert model_at(Path(root.path) / "a.gguf").state == "ok"


def test_without_a_request_there_is_nothing_to_run(root: ModelRoot) -> None:
    assert not scan_requests.run_next()


def test_a_root_is_asked_for_once_at_a_time(root: ModelRoot) -> None:
    run = scan_requests.request_scan([root])
    with pytest.raises(ScanBusy, match=f"{root.path} is already being scanned by scan {run.pk}"):
        scan_requests.request_scan()


def test_without_a_folder_there_is_nothing_to_ask_for(root: ModelRoot) -> None:
    root_at(Path(root.path), enabled=False)
    with pytest.raises(scan_requests.NothingToScan, match="add one first"):
        scan_requests.request_scan()


def test_two_scans_of_a_root_do_not_run_at_once(root: ModelRoot) -> None:
    with scan_locks.hold([root]), pytest.raises(ScanBusy, match="by process"):
        scan([root])
    assert not ScanRun.objects.exists()
    assert scan([root]).added == 1


def test_a_request_for_a_locked_root_keeps_waiting(root: ModelRoot) -> None:
    run = scan_requests.request_scan()
    with scan_locks.hold([root]):
        assert not scan_requests.run_next()
    run.refresh_from_db()
    assert run.state == ScanState.QUEUED
    assert scan_requests.run_next()


def test_a_waiting_scan_is_cancelled_at_once(root: ModelRoot) -> None:
    run = scan_requests.request_scan()
    assert scan_requests.cancel(run)
    run.refresh_from_db()
    assert run.state == ScanState.CANCELLED and run.ended_at is not None
    assert not scan_requests.run_next()
    assert not scan_requests.cancel(run)


def test_a_stopped_scan_is_cancelled_and_says_so(root: ModelRoot) -> None:
    stop = threading.Event()
    stop.set()
    report = scan([root], stop=stop)
    assert report.state == last_run().state == ScanState.CANCELLED
    assert last_run().message == "Cancelled; what was read is kept."


def test_a_running_scan_sees_that_it_is_cancelled(
    root: ModelRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models_app.scan.scan_progress.WRITE_SECONDS", 0)
    run = scan_requests.request_scan()
    ScanRun.objects.update(cancel_requested=True)
    scan_requests.run_next()
    run.refresh_from_db()
    assert run.state == ScanState.CANCELLED


def test_listeners_are_told_of_requests(
    root: ModelRoot, django_capture_on_commit_callbacks: object
) -> None:
    told: list[str] = []
    with scan_requests.listening(lambda: told.append("asked")):
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            run = scan_requests.request_scan()
        assert told == ["asked"]
    scan_requests.cancel(run)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        scan_requests.request_scan()
    assert told == ["asked"]


def test_a_run_whose_process_is_gone_is_interrupted(root: ModelRoot) -> None:
    run = ScanRun.objects.create(state=ScanState.RUNNING, started_at=timezone.now())
    run.roots.add(root)
    assert scan_requests.recover() == 1
    run.refresh_from_db()
    assert run.state == ScanState.INTERRUPTED and run.ended_at is not None


def test_a_run_that_goes_on_is_not_interrupted(root: ModelRoot) -> None:
    run = ScanRun.objects.create(state=ScanState.RUNNING)
    run.roots.add(root)
    with scan_locks.hold([root]):
        assert scan_requests.recover() == 0


def test_a_failed_scan_says_why_and_the_next_one_goes_on(
    root: ModelRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no pairs today")

    with monkeypatch.context() as patch:
        patch.setattr("models_app.scanning.pair_projectors", fail)
        scan_requests.request_scan()
        assert scan_requests.run_next()
    assert last_run().state == ScanState.FAILED
    assert last_run().message == "RuntimeError: no pairs today"
    assert scan([root]).state == ScanState.DONE


class TestDue:
    def test_on_start_when_that_is_wanted(self, root: ModelRoot) -> None:
        assert scan_requests.due()
        SCAN_ON_START.set(False)
        SCAN_INTERVAL.set(0)
        assert not scan_requests.due()

    def test_after_the_interval_and_not_before(self, root: ModelRoot) -> None:
        ended(timedelta(minutes=59))
        assert not scan_requests.due()
        assert scan_requests.due(timezone.now() + timedelta(minutes=2))

    def test_never_when_the_interval_is_0(self, root: ModelRoot) -> None:
        SCAN_INTERVAL.set(0)
        ended(timedelta(days=9))
        assert not scan_requests.due()

    def test_not_while_one_waits(self, root: ModelRoot) -> None:
        scan_requests.request_scan()
        assert scan_requests.request_due() is None

    def test_not_without_a_folder(self) -> None:
        assert not scan_requests.due()

    def test_soon_after_files_were_left_alone(self, root: ModelRoot) -> None:
        SETTLE_SECONDS.set(600)
        llama_like(Path(root.path) / "new.gguf")
        assert scan([root]).settling == 1
        assert not scan_requests.due()
        assert scan_requests.due(timezone.now() + timedelta(seconds=20))

    def test_what_is_due_is_asked_for(self, root: ModelRoot) -> None:
        run = scan_requests.request_due()
        assert run is not None and run.trigger == "schedule"
