"""The gateway's hop: what it adds to an engine's answer in time, CPU and memory."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil

from tests.bench.measuring import MILLI
from tests.bench.naive_gateway import naive_gateway
from tests.bench.row import Row
from tests.fakes import streaming_engine
from tests.fakes.gateway_site import Site, posted, site
from tests.fakes.serving import wait_until

NAME: Final = "gateway"
MODELS: Final = ("tiny-chat", "tiny-slow", "tiny-embed", "tiny-rerank")
SLOTS: Final = 256  # of each engine
CHAT: Final = "/v1/chat/completions"
EMBEDDINGS: Final = "/v1/embeddings"
STREAMS: Final = 1_000
NAIVE: Final = "httpx under uvicorn"
_IDLE_SECONDS: Final = 4.0


class Hop(NamedTuple):
    """A way to an engine; no process: the way that leads there directly."""

    port: int
    process: psutil.Process | None


def run(quick: bool) -> list[Row]:
    _allow_many_files()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        notes = folder / "notes"
        notes.touch()
        program = f"{sys.executable} {streaming_engine.__file__} {notes} {SLOTS}"
        with site(folder, MODELS, {"LLAMA_SERVER_BIN": program}) as found:
            for model in MODELS:
                wait_until(lambda model=model: found.chat(model=model).status == 200, model)  # type: ignore[misc]
            return _rows(found, notes, quick)


def _rows(found: Site, notes: Path, quick: bool) -> list[Row]:
    [(engine,)] = found.rows(
        "SELECT e.port FROM engine_app_engine e JOIN models_app_llamamodel m"
        " ON m.id = e.llama_model_id WHERE m.name = 'tiny-chat'"
    )
    ours, direct = Hop(found.port, psutil.Process(found.running.process.pid)), Hop(engine, None)
    with naive_gateway(engine) as (port, process):
        naive = Hop(port, process)
        rounds = 200 if quick else 2_000
        times = _latencies((direct, ours, naive), rounds)
        spent = [_cpu_a_request(hop, rounds) for hop in (ours, naive)]
        events = [_cpu_of_events(hop, 100 if quick else 500) for hop in (ours, naive)]
    added = [(seconds - times[0]) * MILLI for seconds in times[1:]]
    left = _leaving(found.port, notes, 10 if quick else 50)
    n_whole, kilobytes, seconds = asyncio.run(_crowd(ours))
    what, note = "gateway, 1,000 streams at once", f"20 events each, {seconds:.1f} s in all"
    here = f"direct {times[0] * MILLI:.2f} ms, one at a time"
    return [
        Row("gateway: added to an answer, p50", added[0], "ms", 0.5, NAIVE, added[1], note=here),
        Row("gateway: CPU a request", spent[0] * MILLI, "ms", 0.25, NAIVE, spent[1] * MILLI),
        Row("gateway: CPU a 1,000 events", events[0] * MILLI, "ms", 70, NAIVE, events[1] * MILLI,
            note="20 streams, 100 events a second each"),
        Row("gateway: client gone to engine left, p50", statistics.median(left) * MILLI, "ms", 50),
        Row("gateway: client gone to engine left, longest", max(left) * MILLI, "ms", 1_000),
        Row(f"{what}: memory a stream", kilobytes, "kB", 30, note=note),
        Row(f"{what}: not whole", STREAMS - n_whole, "", 0),
    ]  # fmt: skip


def _allow_many_files() -> None:
    """For us, and for what we start."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


# ---------------------------------------------------------------- one at a time
def _latencies(hops: Iterable[Hop], rounds: int) -> list[float]:
    """Medians; the ways take turns."""
    opened = [HTTPConnection("127.0.0.1", hop.port, timeout=30) for hop in hops]
    taken: list[list[float]] = [[] for _ in opened]
    for number in range(rounds + 20):
        for which, connection in enumerate(opened):
            started = time.perf_counter()
            _ask(connection)
            if number >= 20:
                taken[which].append(time.perf_counter() - started)
    for connection in opened:
        connection.close()
    return [statistics.median(each) for each in taken]


def _ask(connection: HTTPConnection) -> None:
    asked = json.dumps({"model": "tiny-chat", "input": "x"})
    connection.request("POST", EMBEDDINGS, asked)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise RuntimeError(f"answered {answer.status}")


def _cpu_a_request(hop: Hop, rounds: int) -> float:
    idle = _idle(hop)
    started, before = time.perf_counter(), _cpu(hop)
    with closing(HTTPConnection("127.0.0.1", hop.port, timeout=30)) as connection:
        for _ in range(rounds):
            _ask(connection)
    return (_cpu(hop) - before - idle * (time.perf_counter() - started)) / rounds


def _idle(hop: Hop) -> float:
    """What it needs a second when nobody asks anything."""
    before = _cpu(hop)
    time.sleep(_IDLE_SECONDS)
    return (_cpu(hop) - before) / _IDLE_SECONDS


def _cpu(hop: Hop) -> float:
    if hop.process is None:
        raise ValueError("nothing is between us and the engine")
    times = hop.process.cpu_times()
    return times.user + times.system


# ---------------------------------------------------------------- streams
def _question(orders: str, model: str) -> bytes:
    messages = [{"role": "user", "content": orders}]
    return posted(CHAT, {"model": model, "messages": messages, "stream": True})


def _cpu_of_events(hop: Hop, events: int, streams: int = 20) -> float:
    """Of a thousand, in seconds."""
    idle = _idle(hop)
    started, before = time.perf_counter(), _cpu(hop)
    question = _question(f"events {events} every 0.01 size 180", "tiny-chat")
    whole = asyncio.run(_all(hop.port, [question] * streams))
    if not all(whole):
        raise RuntimeError("a stream was not whole")
    seconds = _cpu(hop) - before - idle * (time.perf_counter() - started)
    return seconds / (events * streams) * 1_000


async def _all(port: int, questions: list[bytes]) -> list[bool]:
    return await asyncio.gather(*(_stream(port, question) for question in questions))


async def _stream(port: int, question: bytes) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(question)
        end = b""
        while piece := await reader.read(1 << 16):
            end = (end + piece)[-100:]
            if end.endswith(b"0\r\n\r\n"):
                break
        return b"[DONE]" in end
    finally:
        writer.close()


async def _crowd(hop: Hop) -> tuple[int, float, float]:
    """How many were whole, kilobytes of each at the most, seconds for all."""
    assert hop.process is not None
    before = peak = hop.process.memory_info().rss
    orders = "events 20 every 0.2 size 180"
    questions = [_question(orders, MODELS[n % len(MODELS)]) for n in range(STREAMS)]
    started = time.perf_counter()
    running = asyncio.ensure_future(_all(hop.port, questions))
    while not running.done():
        peak = max(peak, hop.process.memory_info().rss)
        await asyncio.sleep(0.05)
    seconds = time.perf_counter() - started
    return sum(running.result()), (peak - before) / STREAMS / 1e3, seconds


def _leaving(port: int, notes: Path, rounds: int) -> list[float]:
    """From the client's end to the engine's notice of it, in seconds."""
    return [_leave(port, notes) for _ in range(rounds)]


def _leave(port: int, notes: Path) -> float:
    notes.write_text("")
    with closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as connection:
        connection.sendall(_question("events 100000 every 0.01", "tiny-chat"))
        connection.recv(100)
        left_at = time.monotonic()
    wait_until(lambda: _gone(notes), "the engine to be left")
    return float(_gone(notes)[0]) - left_at


def _gone(notes: Path) -> list[Any]:
    lines = [line.split() for line in notes.read_text().splitlines()]
    return [line[1] for line in lines if line[0] == "gone"]
