"""Questions over loopback to servers that answer well, badly and not at all."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from engine_app.health import NoAnswer, NotListening, Reply, busy_slots, get, is_sleeping


@asynccontextmanager
async def answering(
    answer: bytes, *, closes: bool = True
) -> AsyncIterator[tuple[int, list[bytes]]]:
    heard: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        if not closes:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], heard


def ok(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


async def test_an_answer_is_read_by_its_length_and_the_key_is_sent() -> None:
    async with answering(ok(b'{"status":"ok"}') + b"more", closes=False) as (port, heard):
        reply = await get(port, "/health", key="geheim")
    assert (reply.status, reply.json()) == (200, {"status": "ok"})
    assert b"Authorization: Bearer geheim\r\n" in heard[0]


@pytest.mark.parametrize("body", [b"", b"\xff", b"{", b"[" * 200_000])
def test_what_is_no_json_is_none(body: bytes) -> None:
    assert Reply(400, body).json() is None


async def test_loading_is_told_from_ready() -> None:
    async with answering(ok(b"{}", "503 Service Unavailable")) as (port, _):
        reply = await get(port, "/health")
    assert reply.is_loading and not reply.is_ok


async def test_nobody_there_is_told_from_nobody_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(NotListening):
            await get(free.getsockname()[1], "/health")
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NoAnswer):
        await get(silent.getsockname()[1], "/health", seconds=0.1)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000 + b"\r\n\r\n",
        b"",
    ],
)
async def test_what_is_no_engine_gives_no_answer(answer: bytes) -> None:
    async with answering(answer) as (port, _):
        with pytest.raises(NoAnswer):
            await get(port, "/health", seconds=5)


@pytest.mark.parametrize(
    ("body", "busy"),
    [
        (b'[{"is_processing": true}, {"is_processing": false}, 7]', 1),
        (b"[]", 0),
        (b"{}", None),
        (b"no json", None),
    ],
)
async def test_busy_slots_are_counted(body: bytes, busy: int | None) -> None:
    async with answering(ok(body)) as (port, _):
        assert await busy_slots(port, "k") == busy


@pytest.mark.parametrize(
    ("body", "asleep"), [(b'{"is_sleeping": true}', True), (b"{}", None), (b"[]", None)]
)
async def test_whether_it_sleeps_is_what_it_says(body: bytes, asleep: bool | None) -> None:
    async with answering(ok(body)) as (port, _):
        assert await is_sleeping(port, "k") is asleep
