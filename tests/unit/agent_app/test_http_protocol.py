"""Clients that send a request slowly, or one that is no request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from agent_app import http_protocol
from agent_app.http_protocol import MOST_HEAD_BYTES, HttpProtocol

seen_headers: list[tuple[bytes, bytes]] = []  # of the last request, when it was answered
HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers when it has the whole body."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    body = f"{scope['path']} {size}".encode()
    seen_headers[:] = scope["headers"]
    length = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": body})


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def answer(self, end: bytes) -> bytes:
        async with asyncio.timeout(10):
            return await self._reader.readuntil(end)

    async def rest(self) -> bytes:
        """Until the server closes."""
        async with asyncio.timeout(10):
            return await self._reader.read()

    async def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def connected() -> AsyncIterator[Connection]:
    config = uvicorn.Config(echo, http=HttpProtocol, port=0, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    connection = Connection(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield connection
    finally:
        await connection.close()
        await server.shutdown()


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(http_protocol, "BODY_SECONDS", 0.2)


@pytest.mark.asyncio
async def test_requests_on_one_connection_are_answered() -> None:
    async with connected() as connection:
        for path in (b"/a", b"/b"):
            connection.send(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
            connection.send(b"abc")
            assert (await connection.answer(path + b" 3")).startswith(b"HTTP/1.1 200")


@pytest.mark.asyncio
async def test_a_head_that_does_not_come_is_waited_for_no_longer(hurry: None) -> None:
    async with connected() as connection:
        connection.send(HEAD)
        assert await connection.rest() == b""


@pytest.mark.asyncio
async def test_nor_is_that_of_a_later_request(hurry: None) -> None:
    async with connected() as connection:
        connection.send(HEAD + b"\r\n")
        await connection.answer(b"/ 0")
        connection.send(HEAD)
        assert await connection.rest() == b""


@pytest.mark.asyncio
async def test_a_body_that_does_not_come_is_waited_for_no_longer(hurry: None) -> None:
    async with connected() as connection:
        connection.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na")
        assert await connection.rest() == b""


@pytest.mark.asyncio
async def test_a_head_without_end_is_refused() -> None:
    async with connected() as connection:
        connection.send(HEAD + b"x: " + b"a" * MOST_HEAD_BYTES)
        assert (await connection.rest()).startswith(b"HTTP/1.1 400")


@pytest.mark.asyncio
async def test_a_long_body_is_no_long_head() -> None:
    async with connected() as connection:
        size = 4 * MOST_HEAD_BYTES
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode()
        connection.send(head + b"a" * size)
        assert await connection.answer(f"/ {size}".encode())


@pytest.mark.asyncio
async def test_a_target_that_names_a_host_is_refused() -> None:
    async with connected() as connection:
        connection.send(b"GET http://elsewhere/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await connection.rest()).startswith(b"HTTP/1.1 400")


@pytest.mark.asyncio
async def test_what_comes_after_a_body_in_pieces_is_no_header() -> None:
    async with connected() as connection:
        head = b"POST /t HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.send(head + b"1\r\na\r\n0\r\nAuthorization: Bearer key\r\n\r\n")
        assert (await connection.answer(b"/t 1")).startswith(b"HTTP/1.1 200")
    assert [name for name, _ in seen_headers] == [b"host", b"transfer-encoding"]
