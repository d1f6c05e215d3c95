"""A llama-server that does what it is told to do wrong.

    python misbehaving_engine.py ORDERS --host 127.0.0.1 --port N …

ORDERS is a file of orders, one a line. It is read at the start and again with every request, so
that a test decides when something happens:

    print TEXT     on stderr, at the start         exit N      at the start
    flood N        so many lines on stderr         long N      one line of so many bytes
    binary         bytes that are no text          unknown F   does not know the flag F
    grandchild     a process of its own that ignores SIGTERM and outlives it
    stray          the same, in a session of its own
    background     goes on as a process in a session of its own, and ends
    deaf           SIGTERM is ignored              silent      never listens
    slow           503 while it stands there       hang        takes requests and does not answer
    busy           a slot works on something       die N       by signal N, with the next request
    asleep         has unloaded its model by itself
    metrics FILE   what it tells at /metrics       slots FILE  and at /slots
    note FILE      writes down what it is asked for
    starve N FILE  the first N starts run out of memory; FILE counts them
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

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
"""
DEAF_SLEEPER: Final = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(600)
"""


class Orders:
    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self, word: str) -> Iterator[str]:
        for line in self._path.read_text().splitlines():
            first, _, rest = line.partition(" ")
            if first == word:
                yield rest

    def __contains__(self, word: str) -> bool:
        return any(True for _ in self.all(word))


def value_of(args: list[str], flag: str) -> str:
    return args[args.index(flag) + 1]


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def begin(orders: Orders, args: list[str]) -> None:
    for flag in orders.all("unknown"):
        if flag in args:
            say(f"error: invalid argument: {flag}")
            sys.exit(1)
    for text in orders.all("print"):
        say(text)
    for number in orders.all("flood"):
        for n in range(int(number)):
            sys.stderr.write(f"0.00.000.001 I srv  line {n}\n")
    for size in orders.all("long"):
        say("x" * int(size))
    if "binary" in orders:
        os.write(2, bytes(range(256)) * 64)
    if "grandchild" in orders:
        subprocess.Popen([sys.executable, "-c", DEAF_SLEEPER])
    if "stray" in orders:
        subprocess.Popen([sys.executable, "-c", DEAF_SLEEPER], start_new_session=True)
    if "background" in orders and os.fork():
        sys.exit(0)
    if "background" in orders:
        os.setsid()
    if "deaf" in orders:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for order in orders.all("starve"):
        starve(*order.split(" ", 1))
    for code in orders.all("exit"):
        sys.exit(int(code))


def starve(most: str, path: str) -> None:
    count = Path(path)
    starts = len(count.read_bytes()) if count.exists() else 0
    if starts < int(most):
        count.write_bytes(b"x" * (starts + 1))
        say("0.00.100.000 E allocating 512.00 MiB on device 0: cudaMalloc failed: out of memory")
        sys.exit(1)


class Handler(BaseHTTPRequestHandler):
    orders: Orders

    def do_GET(self) -> None:
        for path in self.orders.all("note"):
            with Path(path).open("a") as file:
                file.write(f"{self.path}\n")
        for number in self.orders.all("die"):
            os.kill(os.getpid(), int(number))
        while "hang" in self.orders:
            time.sleep(0.05)
        if "slow" in self.orders:
            self.answer(503, {"error": {"message": "Loading model", "code": 503}})
        elif told := next(self.orders.all(self.path.removeprefix("/")), None):
            self.send(200, Path(told).read_bytes())
        elif self.path == "/slots":
            self.answer(200, [{"id": 0, "is_processing": "busy" in self.orders}])
        elif self.path == "/props":
            self.answer(200, {"is_sleeping": "asleep" in self.orders})
        else:
            self.answer(200, {"status": "ok"})

    def answer(self, status: int, content: Any) -> None:
        self.send(status, json.dumps(content).encode())

    def send(self, status: int, body: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing of requests."""


def main(orders: Orders, args: list[str]) -> None:
    if "--version" in args:
        say("version: 0.5.0-dev (build 7777, commit 0c1e570)")
        return
    if "--help" in args:
        print(HELP)
        return
    if "--list-devices" in args:
        print("Available devices:\n  FAKE0: A device (1024 MiB, 1000 MiB free)")
        return
    begin(orders, args)
    while "silent" in orders:
        time.sleep(0.05)
    Handler.orders = orders
    address = value_of(args, "--host"), int(value_of(args, "--port"))
    try:
        server = ThreadingHTTPServer(address, Handler)
    except OSError:
        say(f"0.00.007.000 E srv  start: couldn't bind HTTP server socket, port: {address[1]}")
        say("0.00.007.001 E srv  llama_server: exiting due to HTTP server error")
        sys.exit(1)
    server.daemon_threads = True
    if "deaf" not in orders:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while True:
        signal.pause()


if __name__ == "__main__":
    main(Orders(Path(sys.argv[1])), sys.argv[2:])
