"""What reading the machine once a second costs: CPU time of this process, all threads.

The engines are real ones, and their figures are taken as in earnest.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil
import uvloop

from metrics_app.sampler import Sampler
from metrics_app.sources.this_machine import this_machine
from tests.bench import big_registry
from tests.bench.measuring import median
from tests.bench.row import Row
from tests.fakes.recording import Screen, SlowRecorder
from tests.fakes.sampling import SetTime
from tests.fakes.serving import wait_until

if TYPE_CHECKING:
    from engine_app.running.launching import Running
    from metrics_app.source import Source

NAME: Final = "sampling"

_ENGINES: Final = 4
_TICKS: Final = 20  # slow sources are read twice in them
_PERCENT: Final = 100
_UNIT: Final = "% of a core"
_KEY: Final = secrets.token_urlsafe(16)


def run(quick: bool) -> list[Row]:
    big_registry.django_ready()
    rounds, seconds = (3, 10) if quick else (15, 60)
    with engines() as ports:
        naive = median(lambda: naive_tick(list(ports)), rounds=rounds, clock=time.process_time)
        idle = ticks(ports, rounds, watched=False)
        watched = ticks(ports, rounds, watched=True)
        live = at_one_hertz(ports, seconds, watched=False)
        live_watched = at_one_hertz(ports, seconds, watched=True)
    note = f"{_ENGINES} engines"
    asked = f"{note}, with the hour, the hub, a loop timer and their own /metrics"
    return [
        _row("sampling, nobody watches", idle, naive, f"{note}, ticks without a pause"),
        _row("sampling, all watched", watched, naive, f"{note}, ticks without a pause"),
        _row("sampling loop at 1 Hz", live, None, asked),
        _row("sampling loop at 1 Hz, all watched", live_watched, None, f"{asked} and /slots"),
    ]


def _row(what: str, ours: float, naive: float | None, note: str) -> Row:
    return Row(
        what,
        ours * _PERCENT,
        _UNIT,
        budget=0.5,
        compared_with=None if naive is None else "scan of all processes",
        theirs=None if naive is None else naive * _PERCENT,
        note=note,
    )


@contextmanager
def engines() -> Iterator[dict[int, int]]:
    """Process numbers to ports, of engines that are ready."""
    from engine_app.child_environment import environment
    from engine_app.running.ports import free_port
    from models_app.core.demo_models import write_demo_models

    folder = big_registry.DATA_DIR / "sampled-models"
    model = next(iter(write_demo_models(folder, ["tiny-chat"])))
    ports = range(30_000 + os.getpid() % 2000, 40_000)
    running: dict[int, subprocess.Popen[bytes]] = {}
    try:
        for _ in range(_ENGINES):
            port = free_port(ports, set(running))
            running[port] = subprocess.Popen(
                _words(model, port),
                env=environment(library_path=False, embedded=True, key=_KEY),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        for port in running:
            wait_until(partial(_is_ready, port), f"the engine at {port}")
        yield {process.pid: port for port, process in running.items()}
    finally:
        for process in running.values():
            process.kill()
            process.wait()


def _words(model: Path, port: int) -> list[str]:
    options = ["-c", "2048", "-np", "4", "-t", "1", "--metrics", "--slots", "--no-ui"]
    program = [sys.executable, "-m", "engine_app.embedded"]
    return [*program, "-m", str(model), "--port", str(port), *options]


def _is_ready(port: int) -> bool:
    from engine_app.health import NoAnswer, NotListening, get

    try:
        return asyncio.run(get(port, "/health")).is_ok
    except (NotListening, NoAnswer):
        return False


def _running(pid: int, port: int) -> Running:
    from engine_app.process import Child
    from engine_app.running.launching import Running

    return Running(Child(pid), 0, port, _KEY, time.time(), ready_at=time.monotonic())


def ticks(ports: dict[int, int], rounds: int, *, watched: bool) -> float:
    """CPU seconds for one tick. The clock is moved on by hand; no engine is asked."""
    moved = SetTime()
    sampler = Sampler(clock=moved.clock(), watched=lambda _: watched)

    async def run() -> None:
        for _ in range(_TICKS):
            moved.passes(1.0)
            await sampler.tick()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        children = runner.run(_add(sampler, ports))
        taken = median(lambda: runner.run(run()), rounds=rounds, clock=time.process_time)
        for running in children:
            running.child.let_go()
    sampler.close()
    return taken / _TICKS


async def _add(sampler: Sampler, ports: dict[int, int]) -> list[Running]:
    children = [_running(pid, port) for pid, port in ports.items()]
    for source in this_machine(lambda: 0.0):
        sampler.add(source)
    for number, running in enumerate(children):
        for source in _sources(f"engine.{number}", running):
            sampler.add(source)
    return children


def _sources(topic: str, running: Running) -> list[Source]:
    from engine_app.figures.answers import Answers
    from engine_app.figures.gpu_memory import GpuMemory
    from engine_app.figures.process import Processes, ProcessFigures, ProcessSearch
    from engine_app.figures.told import ToldFigures

    processes = Processes(running)
    return [
        ProcessFigures(topic, processes),
        ToldFigures(topic, Answers()),
        ProcessSearch(topic, processes),
        GpuMemory(topic, processes),
    ]


def at_one_hertz(ports: dict[int, int], seconds: int, *, watched: bool) -> float:
    """CPU seconds a second, caches gone cold between two ticks as they are in earnest."""
    from agent_app.loop_lag import LoopLag
    from agent_app.sampling import Sampling
    from engine_app.figures.following import Following
    from metrics_app.hour import Hour

    def is_watched(topic: str) -> bool:
        return watched

    sampler = Sampler(watched=is_watched)
    for source in this_machine(lambda: 0.0):
        sampler.add(source)
    following = Following(sampler, lambda topic, name, data: None, is_watched)
    loop = Sampling(sampler, Hour(), SlowRecorder(is_due=False), Screen(), LoopLag())

    async def run() -> float:
        stop = asyncio.Event()
        children = [_running(pid, port) for pid, port in ports.items()]
        with ExitStack() as followed:
            for number, running in enumerate(children):
                followed.enter_context(following(number, running))
            sampling = asyncio.create_task(loop.run(stop))
            await asyncio.sleep(2)
            before = time.process_time()
            await asyncio.sleep(seconds)
            taken = time.process_time() - before
            stop.set()
            await sampling
        for running in children:
            running.child.let_go()
        return taken / seconds

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as `serve` does
        return runner.run(run())


def naive_tick(pids: list[int]) -> None:
    """Every process is looked at, and every engine's children are searched for among them."""
    psutil.cpu_percent(percpu=True)
    psutil.virtual_memory()
    psutil.swap_memory()
    psutil.disk_usage("/")
    psutil.net_io_counters()
    for process in psutil.process_iter(["pid", "cpu_percent", "memory_info"]):
        process.info  # noqa: B018 - filled by the scan
    for pid in pids:
        psutil.Process(pid).children(recursive=True)
