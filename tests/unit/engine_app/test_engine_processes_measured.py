"""CPU and memory of an engine's processes, on real ones."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from engine_app.figures.process import Processes, ProcessFigures, ProcessSearch
from engine_app.process import launch
from engine_app.running.launching import Running
from metrics_app.core.clock import Tick

TOPIC = "engine.7"
BUSY = "while True: pass"
SCRIPT = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {BUSY!r}]); "
SCRIPT += "time.sleep(600)"


@asynccontextmanager
async def running(tmp_path: Path, program: str) -> AsyncIterator[Running]:
    child = launch([sys.executable, "-c", program], {}, subprocess.DEVNULL, tmp_path)
    try:
        yield Running(child, 1, 1, "", 0.0)
    finally:
        child.kill_group()
        assert await child.wait(10)


async def until(condition: Callable[[], object], what: str) -> None:
    """Lets the loop take note of ends meanwhile."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, f"waited in vain for: {what}"
        await asyncio.sleep(0.01)


def tick() -> Tick:
    return Tick(time.time(), time.monotonic(), 1.0)


def read(source: ProcessFigures) -> dict[str, float | None]:
    return {metric.name: value for metric, value in source.read(tick()).items()}


def n_found(search: ProcessSearch) -> float | None:
    (number,) = search.read(tick()).values()
    return number


async def test_cpu_is_known_from_the_second_reading_on(tmp_path: Path) -> None:
    async with running(tmp_path, BUSY) as engine:
        source = ProcessFigures(TOPIC, Processes(engine))
        first = read(source)
        assert first["cpu_ratio"] is None
        await until(lambda: (read(source)["rss_bytes"] or 0) > 1 << 20, "its memory")
        await until(lambda: (read(source)["cpu_ratio"] or 0) > 0, "the processor to be used")


async def test_what_a_script_has_started_counts_too(tmp_path: Path) -> None:
    async with running(tmp_path, SCRIPT) as engine:
        known = Processes(engine)
        source, search = ProcessFigures(TOPIC, known), ProcessSearch(TOPIC, known)
        alone = read(source)["rss_bytes"] or 0
        assert known.pids == {engine.child.pid}
        await until(lambda: n_found(search) == 2, "the script's child")
        await until(lambda: (read(source)["rss_bytes"] or 0) > alone + (1 << 20), "its memory")


async def test_it_is_looked_for_once_when_the_engine_is_ready(tmp_path: Path) -> None:
    async with running(tmp_path, SCRIPT) as engine:
        await until(lambda: n_found(ProcessSearch(TOPIC, Processes(engine))) == 2, "the child")
        known = Processes(engine)
        source = ProcessFigures(TOPIC, known)
        read(source)
        assert len(known.pids) == 1
        engine.ready_at = time.monotonic()
        read(source)
        assert len(known.pids) == 2


async def test_a_child_that_has_ended_counts_no_more(tmp_path: Path) -> None:
    async with running(tmp_path, SCRIPT) as engine:
        known = Processes(engine)
        source, search = ProcessFigures(TOPIC, known), ProcessSearch(TOPIC, known)
        await until(lambda: n_found(search) == 2, "the script's child")
        (child,) = known.pids - {engine.child.pid}
        os.kill(child, signal.SIGKILL)
        await until(lambda: read(source)["rss_bytes"] and child not in known.pids, "its end")


async def test_a_process_that_has_ended_has_no_figures(tmp_path: Path) -> None:
    async with running(tmp_path, BUSY) as engine:
        source = ProcessFigures(TOPIC, Processes(engine))
        assert read(source)["rss_bytes"]
        os.kill(engine.child.pid, signal.SIGKILL)
        await until(lambda: set(read(source).values()) == {None}, "its figures to be unknown")
        assert set(read(ProcessFigures(TOPIC, Processes(engine))).values()) == {None}
