"""Engines: what supervision adds to a start, how fast a stop is, what two hundred of them leave."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from tests.bench import big_registry
from tests.bench.measuring import MILLI
from tests.bench.row import Row

if TYPE_CHECKING:
    from models_app.models import LlamaModel
    from tests.fakes.supervised import Supervised

NAME: Final = "engines"
LOOKS: Final = 200


def run(quick: bool) -> list[Row]:
    big_registry.django_ready()
    from tests.fakes.supervised import demo_model

    model = demo_model(big_registry.DATA_DIR / "engine-models")
    return asyncio.run(_measured(model, 20 if quick else 200))


async def _measured(model: LlamaModel, cycles: int) -> list[Row]:
    from tests.fakes.supervised import supervised

    note = f"median of {cycles}, demo chat model, embedded engine"
    async with supervised() as here:
        starts, stops, bare = [], [], []
        await here.stop(await here.start(model))
        await asyncio.gather(*(asyncio.to_thread(time.sleep, 0.05) for _ in range(64)))
        before = _held()
        for n in range(cycles):
            if n % 10 == 0:
                bare.append(await _bare(model))
            started = time.perf_counter()
            engine = await here.start(model)
            ready = time.perf_counter()
            await here.stop(engine)
            starts.append(ready - started)
            stops.append(time.perf_counter() - ready)
        after = _held()
        looks = await _looks(here, model)
    left = sum(max(0, b - a) for a, b in zip(before, after, strict=True))
    return [
        Row(
            "engine: from the wish to ready",
            statistics.median(starts) * MILLI,
            "ms",
            compared_with="the bare program, asked every 2 ms",
            theirs=statistics.median(bare) * MILLI,
            note=note,
        ),
        Row("engine: stop, idle", statistics.median(stops) * MILLI, "ms", note=note),
        Row(
            f"engine: descriptors, threads and zombies left by {cycles} cycles",
            left,
            "",
            budget=0,
        ),
        Row("engine: supervision, CPU a second with one ready", looks * MILLI, "ms", budget=5),
    ]


def _held() -> tuple[int, int, int]:
    ours = psutil.Process()
    zombies = [each for each in ours.children() if each.status() == psutil.STATUS_ZOMBIE]
    return ours.num_fds(), threading.active_count(), len(zombies)


async def _bare(model: LlamaModel) -> float:
    from engine_app.running.ports import free_port

    port = free_port(range(40_000 + os.getpid() % 2000, 50_000), set())
    return await _seconds_to_health(Path(model.path), port)


async def _seconds_to_health(model: Path, port: int) -> float:
    from engine_app.child_environment import environment
    from engine_app.health import NoAnswer, NotListening, get

    words = ["-m", str(model), "--port", str(port), "-c", "8192", "--no-ui"]
    started = time.perf_counter()
    process = subprocess.Popen(  # noqa: ASYNC220 - as the supervisor does
        [sys.executable, "-m", "engine_app.embedded", *words],
        env=environment(library_path=False, embedded=True),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                if (await get(port, "/health")).is_ok:
                    return time.perf_counter() - started
            except (NotListening, NoAnswer):
                await asyncio.sleep(0.002)
    finally:
        process.terminate()
        process.wait(20)


async def _looks(here: Supervised, model: LlamaModel) -> float:
    await here.start(model)
    started = time.process_time()
    for _ in range(LOOKS):
        await here.step()
    return (time.process_time() - started) / LOOKS
