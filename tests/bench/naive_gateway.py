"""The gateway that one writes first: every piece of an answer goes through httpx.

python -m uvicorn tests.bench.naive_gateway:hop, with UPSTREAM=http://127.0.0.1:PORT
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psutil

from tests.fakes.serving import CHECKOUT, wait_until

_client: httpx.AsyncClient | None = None


def _opened() -> httpx.AsyncClient:
    """Made on the loop that uses it."""
    global _client
    if _client is None:
        limits = httpx.Limits(max_connections=None)
        upstream = os.environ["UPSTREAM"]
        _client = httpx.AsyncClient(base_url=upstream, timeout=60, limits=limits, trust_env=False)
    return _client


async def hop(scope: Any, receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    headers = {"content-type": "application/json"}
    async with _opened().stream("POST", scope["path"], content=body, headers=headers) as answer:
        kind = answer.headers["content-type"].encode()
        start = {"type": "http.response.start", "status": answer.status_code}
        await send({**start, "headers": [(b"content-type", kind)]})
        async for piece in answer.aiter_raw():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


@contextmanager
def naive_gateway(upstream: int) -> Iterator[tuple[int, psutil.Process]]:
    """Its port and its process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    words = ["-m", "uvicorn", "tests.bench.naive_gateway:hop", "--port", str(port)]
    words += ["--lifespan", "off", "--no-access-log", "--log-level", "error"]
    surroundings = {**os.environ, "UPSTREAM": f"http://127.0.0.1:{upstream}"}
    process = subprocess.Popen([sys.executable, *words], cwd=CHECKOUT, env=surroundings)
    try:
        wait_until(lambda: _listens(port), "the naive gateway")
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
