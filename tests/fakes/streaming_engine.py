"""A llama-server that answers as the question tells it to.

    python streaming_engine.py NOTES SLOTS --host H --port N …

The last message of a chat, or the text to embed, is a list of orders:

    events N     so many pieces, then the end        size N     bytes of each
    every S      seconds between them                early S    seconds before the first byte
    stall        silent after them, for good         half       half a piece after them, and closes
    die          the process ends after them         status N   an error instead
    garbage      no JSON in its events               whole N    no stream: so many bytes
    ping S       nothing but comments after them, S seconds between two, for good

NOTES gets a line for each question ("asked PATH HEADER…") and for each client that has gone before
its answer was whole ("gone SECONDS EVENTS", by the clock that all processes share).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

HELP: Final = """----- common params -----

-h,    --help, --usage                  print usage and exit
--version                               show version and build info
-m,    --model FNAME                    model path to load
-a,    --alias STRING                   set model name aliases
--host HOST                             ip address to listen
--port PORT                             port to listen
--metrics                               enable prometheus compatible metrics endpoint
--slots                                 expose slots monitoring endpoint
-c,    --ctx-size N                     size of the prompt context
-np,   --parallel N                     number of server slots
--sleep-idle-seconds SECONDS            number of seconds of idleness to sleep after
--embedding, --embeddings               restrict to only support embedding use case
--rerank, --reranking                   enable reranking endpoint on server
--pooling {none,mean,cls,last,rank}     pooling type for embeddings
"""
STREAM: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


class Question(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def orders(self) -> dict[str, str]:
        said = json.loads(self.body) if self.body else {}
        given = said.get("input") or said.get("prompt") or ""
        if messages := said.get("messages"):
            given = messages[-1]["content"]
        words = given[0].split() if isinstance(given, list) else given.split()
        found: dict[str, str] = {}
        last = ""
        for word in words:
            if word.replace(".", "", 1).isdigit():
                found[last] = word
            else:
                found[word] = ""
                last = word
        return found


class Engine:
    def __init__(self, notes: Path, slots: int) -> None:
        self._notes = notes
        self._slots = slots

    def _note(self, line: str) -> None:
        with self._notes.open("a") as file:
            file.write(f"{line}\n")

    async def client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (question := await _question(reader)) is not None:
                if not await self._answer(question, reader, writer):
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, question: Question, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Whether the connection goes on."""
        if not question.body:
            said = {"status": "ok", "total_slots": self._slots, "is_sleeping": False}
            writer.write(_whole(200, [] if question.path == "/slots" else said))
            return True
        self._note(f"asked {question.path} {' '.join(sorted(question.headers))}")
        orders = question.orders
        if "status" in orders:
            error = {"message": "as ordered", "code": int(orders["status"]), "type": "server_error"}
            writer.write(_whole(int(orders["status"]), {"error": error}))
            return True
        if not json.loads(question.body).get("stream"):
            writer.write(_whole(200, _embeddings(int(orders.get("whole") or 0))))
            await writer.drain()
            return True
        return await self._stream(orders, reader, writer)

    async def _stream(
        self,
        orders: Mapping[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        gone = asyncio.ensure_future(reader.read(1))
        n_sent = 0
        try:
            if early := float(orders.get("early") or 0):
                await asyncio.wait({gone}, timeout=early)
            if not gone.done():
                writer.write(STREAM)
            piece = _chunk(_event(int(orders.get("size") or 0), is_json="garbage" not in orders))
            every = float(orders.get("every") or 0)
            for n_sent in range(int(orders.get("events") or 0)):
                if gone.done():
                    break
                writer.write(piece)
                if n_sent % 64 == 0 or every:
                    await writer.drain()
                if every:
                    await asyncio.wait({gone}, timeout=every)
            while (pause := float(orders.get("ping") or 0)) and not gone.done():
                writer.write(_chunk(b":\n\n"))
                await asyncio.wait({gone}, timeout=pause)
            if "stall" in orders:
                await gone
            if gone.done():
                self._note(f"gone {time.monotonic()} {n_sent}")
                return False
            return await self._end(orders, writer)
        except ConnectionError:
            self._note(f"gone {time.monotonic()} {n_sent}")
            return False
        finally:
            gone.cancel()

    async def _end(self, orders: Mapping[str, str], writer: asyncio.StreamWriter) -> bool:
        if "die" in orders or "half" in orders:
            writer.write(_chunk(_event(0)[:20]))
            await writer.drain()
            if "die" in orders:
                os.kill(os.getpid(), signal.SIGKILL)
            return False
        writer.write(_chunk(_last_event()) + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        await writer.drain()
        return True


async def _question(reader: asyncio.StreamReader) -> Question | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Question(first.split(" ")[1], headers, body)


def _whole(status: int, said: Any) -> bytes:
    body = json.dumps(said).encode()
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _event(size: int, *, is_json: bool = True) -> bytes:
    if not is_json:
        return b"data: {nonsense\n\n"
    text = "x" * max(1, size - 120)
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    said = {"object": "chat.completion.chunk", "model": "fake", "choices": [choice]}
    return b"data: " + json.dumps(said, separators=(",", ":")).encode() + b"\n\n"


def _last_event() -> bytes:
    choice = {"index": 0, "delta": {}, "finish_reason": "stop"}
    said = {
        "object": "chat.completion.chunk",
        "model": "fake",
        "choices": [choice],
        "timings": {"prompt_n": 3, "predicted_n": 5, "cache_n": 0},
    }
    return b"data: " + json.dumps(said, separators=(",", ":")).encode() + b"\n\n"


def _embeddings(size: int) -> dict[str, Any]:
    data = [{"index": 0, "embedding": [0.5], "note": "x" * size}]
    return {"object": "list", "data": data, "usage": {"prompt_tokens": 1}}


async def serve(engine: Engine, host: str, port: int) -> None:
    server = await asyncio.start_server(engine.client, host, port, backlog=2_048)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, os._exit, 0)
    async with server:
        await server.serve_forever()


def main(notes: Path, slots: int, args: list[str]) -> None:
    if "--version" in args:
        sys.stderr.write("version: 0.5.0-dev (build 7777, commit 0c1e570)\n")
    elif "--help" in args:
        print(HELP)
    elif "--list-devices" in args:
        print("Available devices:\n  FAKE0: A device (1024 MiB, 1000 MiB free)")
    else:
        host, port = (args[args.index(flag) + 1] for flag in ("--host", "--port"))
        asyncio.run(serve(Engine(notes, slots), host, int(port)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
