"""The `serve` process without models: how fast it starts and stops, what memory it takes."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple
from urllib.request import HTTPCookieProcessor, build_opener

import psutil

from tests.bench.row import Row
from tests.fakes.serving import Serving, serving, wait_until

NAME: Final = "serve_process"

_MB: Final = 1e6


class _Life(NamedTuple):
    start_seconds: float
    stop_seconds: float
    rss_megabytes: float


def run(quick: bool) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        fresh = _life(Path(folder))
        warm = [_life(Path(folder)) for _ in range(1 if quick else 5)]
    return [
        Row("serve: start to first page, new data", fresh.start_seconds, "s"),
        Row("serve: start to first page, warm", _start(warm), "s", budget=2),
        Row("serve: clean stop, idle", _stop(warm), "s", budget=3),
        Row("serve: resident memory, idle", _memory(warm), "MB", budget=90),
    ]


def _start(lives: list[_Life]) -> float:
    return statistics.median(life.start_seconds for life in lives)


def _stop(lives: list[_Life]) -> float:
    return statistics.median(life.stop_seconds for life in lives)


def _memory(lives: list[_Life]) -> float:
    return statistics.median(life.rss_megabytes for life in lives)


def _life(data_dir: Path) -> _Life:
    started = time.perf_counter()
    with serving(data_dir) as running:
        _open_setup(running)
        start_seconds = time.perf_counter() - started
        wait_until(lambda: running.get("/readyz")[0] == 200, "readiness")
        rss = _settled_megabytes(running)
        stopping = time.perf_counter()
        running.stop()
        return _Life(start_seconds, time.perf_counter() - stopping, rss)


def _open_setup(running: Serving) -> None:
    """The first page that anybody sees. Raises when it is refused."""
    browser = build_opener(HTTPCookieProcessor())
    with browser.open(f"{running.address}/setup/?token={running.setup_token}", timeout=30) as page:
        page.read()


def _settled_megabytes(running: Serving) -> float:
    """Resident memory once it stays the same for a second: the loops have had their first turn."""
    process = psutil.Process(running.process.pid)
    before, now = -1, process.memory_info().rss
    for _ in range(30):
        if before == now:
            break
        time.sleep(1)
        before, now = now, process.memory_info().rss
    return now / _MB
