from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import psutil

from tests.fakes.asgi_socket import until
from tests.fakes.crowd import Watcher, connect, crowd, leave
from tests.fakes.live_client import cookies
from tests.fakes.migrated import migrated
from tests.fakes.publishing import publishing
from tests.fakes.serving import Serving

MB: Final = 1e6
STORM: Final = 1_000


def rss_bytes(running: Serving) -> int:
    return int(psutil.Process(running.process.pid).memory_info().rss)


def n_sockets(running: Serving) -> int:
    connections = psutil.Process(running.process.pid).net_connections("tcp")
    return sum(connection.status == "ESTABLISHED" for connection in connections)


async def test_who_never_reads_costs_no_memory_and_delays_nobody(tmp_path: Path) -> None:
    with publishing(migrated(tmp_path), hertz=50, width=2_000) as running:
        login = await asyncio.to_thread(cookies, tmp_path, 1)
        async with crowd(running.address, login, 5) as good:
            await several_frames(good, 50)  # buffers are as large as they get
            before, highest = rss_bytes(running), 0
            stalled = Watcher(running.address, login[0], "load", stalls=True)
            await connect(stalled)
            async with asyncio.timeout(60):
                while n_sockets(running) != len(good) or stalled.status is None:
                    await several_frames(good, 10)
                    highest = max(highest, rss_bytes(running) - before)
            assert highest < 8 * MB
            leave(stalled)


async def test_it_is_told_that_it_was_too_slow(tmp_path: Path) -> None:
    with publishing(migrated(tmp_path), hertz=20, width=10) as running:
        login = await asyncio.to_thread(cookies, tmp_path, 1)
        stalled = Watcher(running.address, login[0], "load", stalls=True)
        await connect(stalled)
        await until(lambda: stalled.status and not n_sockets(running), 60)
        assert stalled.transport is not None
        stalled.transport.resume_reading()
        await until(stalled.ended.is_set)
        assert stalled.close_code == 1013
        assert stalled.n_frames == 4


async def several_frames(watchers: list[Watcher], count: int) -> None:
    """Until each has got so many more."""
    wanted = [watcher.n_frames + count for watcher in watchers]
    pairs = list(zip(watchers, wanted, strict=True))
    await until(lambda: all(watcher.n_frames >= n for watcher, n in pairs), 30)


async def test_a_thousand_browsers_that_come_at_once_are_all_let_in(tmp_path: Path) -> None:
    with publishing(migrated(tmp_path), hertz=1) as running:
        logins = await asyncio.to_thread(cookies, tmp_path, 20)
        async with crowd(running.address, logins, 10):
            before = rss_bytes(running)
        async with crowd(running.address, logins, STORM) as watchers:
            assert {watcher.status for watcher in watchers} == {101}
            assert {watcher.close_code for watcher in watchers} == {None}
            assert (rss_bytes(running) - before) / STORM < 60_000
        assert "Traceback" not in running.printed


async def test_a_peer_that_does_not_read_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    with publishing(migrated(tmp_path), hertz=50, width=5_000) as running:
        login = await asyncio.to_thread(cookies, tmp_path, 1)
        stalled = Watcher(running.address, login[0], "load", stalls=True)
        await connect(stalled)
        await until(lambda: stalled.status)
        running.process.terminate()
        assert await asyncio.to_thread(running.process.wait, 20) == 0  # uvicorn alone takes 30 s
        leave(stalled)
