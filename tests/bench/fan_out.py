"""Live figures to many browsers: CPU and memory of the server, delay, bytes."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from live_app.core.frames import Field
from live_app.topic import Topic
from tests.bench.measuring import MILLI, percentile
from tests.bench.naive_fan_out import naive_server
from tests.bench.row import Row
from tests.fakes.crowd import Watcher, connect, crowd, leave
from tests.fakes.live_client import cookies
from tests.fakes.publishing import publishing
from tests.fakes.serving import Serving

NAME: Final = "fan_out"

WIDTH: Final = 211  # two disks, two GPUs, four engines with four slots each
_USERS: Final = 20  # one may have 64 sockets only
_MICRO: Final = 1e6
_IDLE_SECONDS: Final = 5.0
_SETTLE_SECONDS: Final = 2.0


class _Plan(NamedTuple):
    clients: int
    hertz: float
    seconds: float
    stalled: int = 0


class _Load(NamedTuple):
    cpu_us: float  # for each delivery with its acknowledgement, above that of the idle server
    p99_ms: float
    kilobytes: float  # for each client


def run(quick: bool) -> list[Row]:
    few = _Plan(100, 5, 4 if quick else 20)
    many = _Plan(200 if quick else 1000, 1, 5 if quick else 30)
    rows: list[Row] = []
    for plan in (few, many, few._replace(stalled=1)):
        ours, theirs = _ours(plan), _naive(plan)
        rows += _rows(plan, ours, theirs)
    return [*rows, *_bytes()]


def _rows(plan: _Plan, ours: _Load, theirs: _Load) -> list[Row]:
    what = f"live, {plan.clients:,} clients, {plan.hertz:g} Hz"
    what += " beside a stalled one" if plan.stalled else ""
    naive = "Channels group_send"
    note = f"{WIDTH} values that all change; with acks"
    rows = [
        Row(f"{what}: CPU a delivery", ours.cpu_us, "us", 35, naive, theirs.cpu_us, note=note),
        Row(f"{what}: delay, p99", ours.p99_ms, "ms", 150, naive, theirs.p99_ms),
    ]
    if not plan.stalled:
        rows.append(
            Row(f"{what}: memory a client", ours.kilobytes, "kB", 40, naive, theirs.kilobytes)
        )
    return rows


def _ours(plan: _Plan) -> _Load:
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        with publishing(data_dir, hertz=plan.hertz, width=WIDTH) as running:
            return asyncio.run(_measure(running, cookies(data_dir, _USERS), plan))


def _naive(plan: _Plan) -> _Load:
    with naive_server(plan.hertz, WIDTH) as running:
        return asyncio.run(_measure(running, [""], plan))


async def _measure(running: Serving, logins: Sequence[str], plan: _Plan) -> _Load:
    server = psutil.Process(running.process.pid)
    async with crowd(running.address, logins, 10):
        pass  # whatever is loaded by the first client
    idle = await _cpu_seconds(server, _IDLE_SECONDS) / _IDLE_SECONDS
    before = server.memory_info().rss
    async with AsyncExitStack() as stack:
        for _ in range(plan.stalled):
            stalled = Watcher(running.address, logins[0], "load", stalls=True)
            stack.callback(leave, stalled)
            await connect(stalled)
        watchers = await stack.enter_async_context(crowd(running.address, logins, plan.clients))
        await asyncio.sleep(_SETTLE_SECONDS)
        memory = server.memory_info().rss - before
        for watcher in watchers:
            watcher.delays.clear()
        cpu = await _cpu_seconds(server, plan.seconds) - idle * plan.seconds
        delays = [delay for watcher in watchers for delay in watcher.delays]
    return _Load(
        cpu / len(delays) * _MICRO,
        percentile(delays, 99) * MILLI,
        memory / plan.clients / 1e3,
    )


async def _cpu_seconds(server: psutil.Process, seconds: float) -> float:
    before = server.cpu_times()
    await asyncio.sleep(seconds)
    after = server.cpu_times()
    return after.user + after.system - before.user - before.system


def _bytes() -> list[Row]:
    """All values change, every second one does, or one in sixteen, as on an idle machine."""
    return [_bytes_row("all", 1), _bytes_row("half", 2), _bytes_row("few", 16)]


def _bytes_row(changed: str, step: int) -> Row:
    fields = tuple(Field(f"load/busy_ratio/{number}", "ratio") for number in range(WIDTH))
    topic = Topic("load", 0)
    before = [random.random() for _ in fields]
    topic.offer(fields, before, 1_790_000_000.0, "")
    schema = _next_frame(topic, None)
    snap = _next_frame(topic, schema.seen)
    now = [random.random() if n % step == 0 else value for n, value in enumerate(before)]
    topic.offer(fields, now, 1_790_000_001.0, "")
    delta = _next_frame(topic, snap.seen)
    return Row(
        f"live: bytes an update, {changed} changed",
        delta.n_bytes,
        "B",
        compared_with="whole vector",
        theirs=snap.n_bytes,
        note=f"{WIDTH} values; keys and units once, {schema.n_bytes:,} B",
    )


class _Sent(NamedTuple):
    n_bytes: int
    seen: int


def _next_frame(topic: Topic, seen: int | None) -> _Sent:
    topic.settle()
    news = topic.frame_after(seen)
    if news is None:
        raise RuntimeError("no frame where one is due")
    frame, now_seen = news
    return _Sent(frame.n_bytes, now_seen)
