"""Scanning many models: everything included, from the folder to the committed rows."""

from __future__ import annotations

import statistics
import time
from typing import Final

from tests.bench import big_registry
from tests.bench.measuring import MILLI, median, percentile
from tests.bench.naive_reader import read_header
from tests.bench.row import Row
from tests.bench.signed_in import SignedIn
from tests.fakes.serving import wait_until

NAME: Final = "scan"

_NAIVE_FILES: Final = 5
_PATIENCE_SECONDS: Final = 300


def run(quick: bool) -> list[Row]:
    count = big_registry.QUICK_MODELS if quick else big_registry.MODELS
    first = big_registry.first_scan(count)
    again = _rescan(rounds=1 if quick else 5)
    naive = _naive_seconds(count)
    note = f"{count:,} models of 32,000 tokens"
    return [
        Row(
            "scan: CPU a file",
            first.cpu / count * MILLI,
            "ms",
            budget=10,
            compared_with="naive walk, headers only",
            theirs=naive * MILLI,
            note=note,
        ),
        Row("scan: wall time", first.wall, "s", note=note),
        Row(
            "rescan, unchanged: CPU a file",
            again / count * MILLI,
            "ms",
            budget=0.1,
            compared_with="scanned anew",
            theirs=first.cpu / count * MILLI,
            note=note,
        ),
        _site_meanwhile(note),
    ]


def _rescan(rounds: int) -> float:
    from models_app.models import ModelRoot

    roots = list(ModelRoot.objects.all())
    return statistics.median(big_registry.scan(roots).cpu for _ in range(rounds))


def _naive_seconds(count: int) -> float:
    paths = sorted(big_registry.model_files(count).iterdir())[:_NAIVE_FILES]
    total = median(lambda: [read_header(path) for path in paths], rounds=1, clock=time.process_time)
    return total / len(paths)


def _site_meanwhile(note: str) -> Row:
    """How long a page takes while the agent has every header read again."""
    from models_app.scan import scan_requests

    with big_registry.served() as client:
        client.get("/models/")
        wait_until(lambda: not _open_scans(), "the end of the scan at start")
        run = scan_requests.request_scan(force=True)
        taken = _pages_until_done(client, run.pk)
    what = "page while scanning, p99"
    return Row(what, percentile(taken, 99) * MILLI, "ms", budget=50, note=f"{note}, HTML of 50")


def _open_scans() -> bool:
    from models_app.models import ScanRun

    return any(run.is_open for run in ScanRun.objects.all())


def _pages_until_done(client: SignedIn, run_id: int) -> list[float]:
    from models_app.models import ScanRun

    taken: list[float] = []
    end = time.monotonic() + _PATIENCE_SECONDS
    while ScanRun.objects.get(pk=run_id).is_open:
        answer = client.get("/models/")
        if answer.status != 200 or time.monotonic() > end:
            raise RuntimeError(f"/models/ answered {answer.status}; the scan takes too long")
        taken.append(answer.seconds)
        time.sleep(0.01)  # a reader of pages, not a load test
    state = ScanRun.objects.get(pk=run_id).state
    if state != "done" or len(taken) < 2:
        raise RuntimeError(f"the scan ended as {state} after {len(taken)} pages")
    return taken
