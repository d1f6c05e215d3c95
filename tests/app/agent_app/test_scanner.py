from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError

from agent_app.scanner import MOST_HANDED_OVER_BYTES, Scanner, handed_over, run_scans
from llamadash import perf
from models_app.models import ModelRoot, ScanRun, ScanState
from models_app.scan import scan_locks, scan_requests
from tests.fakes.gguf_models import llama_like
from tests.scans import at_rest, root_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(tmp_path: Path) -> ModelRoot:
    llama_like(tmp_path / "a.gguf")
    return root_at(at_rest(tmp_path))


def test_a_scan_whose_process_was_killed_blocks_no_later_one(root: ModelRoot) -> None:
    run = ScanRun.objects.create(state=ScanState.RUNNING)
    run.roots.add(root)
    Scanner().step()
    run.refresh_from_db()
    assert run.state == ScanState.INTERRUPTED


def test_no_process_is_started_for_a_scan_that_cannot_run(root: ModelRoot) -> None:
    scan_requests.request_scan()
    scanner = Scanner()
    with scan_locks.hold([root]):
        assert not scanner.step()
    assert scanner.step()


def test_new_folders_are_asked_for_at_start_while_another_is_scanned(
    root: ModelRoot, tmp_path_factory: pytest.TempPathFactory
) -> None:
    new = root_at(tmp_path_factory.mktemp("new"))
    scan_requests.request_scan([root])
    Scanner().begin()
    assert scan_requests.some_can_run()
    assert [list(run.roots.all()) for run in ScanRun.objects.order_by("id")] == [[root], [new]]


async def test_what_the_scanning_process_timed_is_known_here_when_it_has_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "manage.py").write_text(
        "print('not ours'); print('x' * 3_000_000)\n"
        "from llamadash.perf import monitor\n"
        "monitor.record('scan.total', 1.5)\n"
        "print(*monitor.handed_over(), sep='\\n')\n"
    )
    monkeypatch.setattr(settings, "BASE_DIR", tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    monkeypatch.setattr("agent_app.scanner.MOST_HANDED_OVER_BYTES", 4 << 20)
    assert await run_scans(asyncio.Event()) == 0
    (found,) = perf.monitor.summaries()
    assert (found.name, found.count, found.max_seconds) == ("scan.total", 1, 1.5)


async def test_a_process_that_never_stops_talking_is_read_and_not_kept() -> None:
    stdout = asyncio.StreamReader()
    stdout.feed_data(b"x" * (3 << 20))
    stdout.feed_eof()
    assert len(await handed_over(stdout)) == MOST_HANDED_OVER_BYTES


@pytest.mark.parametrize("work", ["begin", "step"])
def test_a_busy_database_does_not_end_the_scanner(
    work: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def busy() -> int:
        raise OperationalError("database is locked")

    monkeypatch.setattr(scan_requests, "recover", busy)
    getattr(Scanner(), work)()
    assert "database is locked" in caplog.text
