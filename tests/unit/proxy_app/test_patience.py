"""How long an engine is waited for; against a program that answers as it is told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from proxy_app.core import sse
from proxy_app.engines import Address
from proxy_app.forwarding import _events
from proxy_app.patience import Patience
from proxy_app.upstream import Upstream
from tests.fakes.streaming_engine import Engine


@asynccontextmanager
async def answering(notes: Path) -> AsyncIterator[Address]:
    engine = Engine(notes, 1)
    server = await asyncio.start_server(engine.client, "127.0.0.1", 0)
    async with server:
        yield Address(1, server.sockets[0].getsockname()[1], "", 1, (0, None))


async def events(address: Address, orders: str, seconds: float, pause: float = 0) -> list[Any]:
    said = {"stream": True, "messages": [{"role": "user", "content": orders}]}
    upstream, patience = Upstream(), Patience(seconds)
    response = await upstream.post(address, "/", {}, json.dumps(said).encode(), 30)
    found = []
    try:
        async for _, event in _events(response, patience):
            found.append(event)
            await asyncio.sleep(pause)
    finally:
        response.close()
        await upstream.close()
    return found


@pytest.mark.parametrize("orders", ["ping 0.02", "events 2 ping 0.02"])
async def test_an_engine_that_only_pings_is_given_up(tmp_path: Path, orders: str) -> None:
    async with answering(tmp_path / "notes") as address, asyncio.timeout(20):
        with pytest.raises(TimeoutError) as given_up:
            await events(address, orders, 0.2)
    assert not str(given_up.value)


async def test_who_answers_slowly_is_not_given_up(tmp_path: Path) -> None:
    async with answering(tmp_path / "notes") as address:
        assert len(await events(address, "events 8 every 0.1", 0.5)) == 9


async def test_a_slow_client_is_not_the_engine_s_silence(tmp_path: Path) -> None:
    async with answering(tmp_path / "notes") as address:
        assert len(await events(address, "events 2 every 0.02", 0.3, pause=0.4)) == 3


def test_only_what_holds_nothing_but_comments_is_one() -> None:
    assert sse.is_comment(b":\n\n")
    assert sse.is_comment(b": waiting\r\n: still\r\n\r\n")
    assert not sse.is_comment(b": waiting\ndata: 1\n\n")
    assert not sse.is_comment(b"data: 1\n\n")
