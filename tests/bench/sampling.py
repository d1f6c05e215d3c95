"""What reading the machine once a second costs: CPU time of this process, all threads."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import psutil

from metrics_app.core.clock import Tick
from metrics_app.core.labelled import Labelled
from metrics_app.core.metric import Metric
from metrics_app.core.rates import Rates
from metrics_app.sampler import Sampler
from metrics_app.sources.this_machine import this_machine
from tests.bench.measuring import median
from tests.bench.row import Row
from tests.fakes.recording import Screen, SlowRecorder
from tests.fakes.sampling import SetTime

NAME: Final = "sampling"

_ENGINES: Final = 4
_TICKS: Final = 20  # slow sources are read twice in them
_PERCENT: Final = 100
_UNIT: Final = "% of a core"


class EngineProcess:
    """What an engine hands in: its process's memory and CPU, and 20 figures of its own."""

    seconds = unwatched_seconds = 1.0

    def __init__(self, pid: int) -> None:
        self.name = f"engine.{pid}"
        self.topics = (self.name,)
        self._process = psutil.Process(pid)
        self._rates: Rates[Metric] = Rates()
        self._cpu = Metric(self.name, "cpu_ratio", "ratio")
        self._rss = Metric(self.name, "rss_bytes", "bytes")
        self._figures = Labelled(self.name, "figure", "count")

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        with self._process.oneshot():
            cpu = self._process.cpu_times()
            values = self._rates.update({self._cpu: cpu.user + cpu.system}, tick.monotonic)
            values[self._rss] = self._process.memory_info().rss
        values.update({self._figures[str(number)]: float(number) for number in range(20)})
        return values


def run(quick: bool) -> list[Row]:
    rounds = 3 if quick else 15
    with engines() as pids:
        naive = median(lambda: naive_tick(pids), rounds=rounds, clock=time.process_time)
        idle = ticks(pids, rounds, watched=False)
        watched = ticks(pids, rounds, watched=True)
        live = at_one_hertz(pids, 5 if quick else 30)
    note = f"{_ENGINES} engines"
    return [
        _row("sampling, nobody watches", idle, naive, f"{note}, ticks without a pause"),
        _row("sampling, all watched", watched, naive, f"{note}, ticks without a pause"),
        _row("sampling loop at 1 Hz", live, None, f"{note}, with the hour, the hub, a loop timer"),
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
def engines() -> Iterator[list[int]]:
    sleeping = [sys.executable, "-c", "import time; time.sleep(600)"]
    running = [subprocess.Popen(sleeping) for _ in range(_ENGINES)]
    try:
        yield [process.pid for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()


def ticks(pids: list[int], rounds: int, *, watched: bool) -> float:
    """CPU seconds for one tick. The clock is moved on by hand: nothing waits."""
    moved = SetTime()
    sampler = _sampler(pids, Sampler(clock=moved.clock(), watched=lambda _: watched))

    async def run() -> None:
        for _ in range(_TICKS):
            moved.passes(1.0)
            await sampler.tick()

    with asyncio.Runner() as runner:
        taken = median(lambda: runner.run(run()), rounds=rounds, clock=time.process_time)
    sampler.close()
    return taken / _TICKS


def at_one_hertz(pids: list[int], seconds: int) -> float:
    """CPU seconds a second, caches gone cold between two ticks as they are in earnest."""
    from agent_app.loop_lag import LoopLag
    from agent_app.sampling import Sampling
    from metrics_app.hour import Hour

    loop = Sampling(
        _sampler(pids, Sampler()), Hour(), SlowRecorder(is_due=False), Screen(), LoopLag()
    )

    async def run() -> float:
        stop = asyncio.Event()
        running = asyncio.create_task(loop.run(stop))
        await asyncio.sleep(1)
        before = time.process_time()
        await asyncio.sleep(seconds)
        taken = time.process_time() - before
        stop.set()
        await running
        return taken / seconds

    return asyncio.run(run())


def _sampler(pids: list[int], sampler: Sampler) -> Sampler:
    for source in (*this_machine(lambda: 0.0), *map(EngineProcess, pids)):
        sampler.add(source)
    return sampler


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
