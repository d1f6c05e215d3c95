"""A llama-server in router mode, or a single one, that speaks as the real ones do.

    python router_server.py ORDERS [--models-preset FILE] [--models-max N] --host H --port N …

ORDERS is a file of orders, one a line, read again with every request:

    model ID [ALIAS…]     a router's model; given before the start or while it runs
    broken ID             a model that fails to load
    single ID             it is no router: it has this one model
    key K                 it asks for this key (else LLAMA_API_KEY, if set)
    load N                seconds that a load takes
    loading               a single server that still loads
    asleep ID             this model is loaded and sleeps
    busy ID               this model answers a request, and says when it is asked for that
    no-feed               no /models/sse           no-metrics    started without --metrics
    exit N                at the start             print TEXT    on stderr, at the start
    deaf                  SIGTERM is ignored

and wrongs, for all paths or for those that begin with P:

    hang [P]    close [P]    garbage [P]    status N [P]    json TEXT
    long N      so many bytes              endless [P]
    redirect U  to another address         many N       so many models
    chatty      the feed never stops       drip         one byte of the answer a second
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

BUILD: Final = "b7777-0c1e570"
HELP: Final = """----- common params -----

-h,    --help, --usage                  print usage and exit
--version                               show version and build info
-m,    --model FNAME                    model path to load
-mm,   --mmproj FILE                    path to a multimodal projector file
-a,    --alias STRING                   set model name aliases
--host HOST                             ip address to listen
--port PORT                             port to listen
--metrics                               enable prometheus compatible metrics endpoint
--slots                                 expose slots monitoring endpoint
-c,    --ctx-size N                     size of the prompt context
-np,   --parallel N                     number of server slots
--cors-origins ORIGINS                  allowed origins
--no-cors-credentials                   no credentials
--no-ui                                 no user interface
--offline                               no downloads
--models-dir PATH                       directory of models
--models-preset PATH                    file of presets
--models-max N                          at most so many models at a time
--models-autoload, --no-models-autoload load a model with its first request
"""
COUNTERS: Final = (
    "prompt_tokens_total",
    "prompt_seconds_total",
    "tokens_predicted_total",
    "tokens_predicted_seconds_total",
)


class Orders:
    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self, word: str) -> Iterator[str]:
        for line in self._path.read_text().splitlines():
            first, _, rest = line.partition(" ")
            if first == word:
                yield rest

    def first(self, word: str) -> str | None:
        return next(self.all(word), None)

    def hits(self, word: str, path: str) -> bool:
        return any(path.startswith(prefix) for prefix in self.all(word))

    def __contains__(self, word: str) -> bool:
        return self.first(word) is not None


@dataclass
class Model:
    name: str
    aliases: list[str] = field(default_factory=list)
    preset: dict[str, str] = field(default_factory=dict)
    is_broken: bool = False
    state: str = "unloaded"
    exit_code: int | None = None
    port: int = 0
    used: float = 0.0
    n_asked: int = 0


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


class Router:
    """The models, and who listens to what they do."""

    def __init__(self, orders: Orders, most: int, presets: dict[str, dict[str, str]]) -> None:
        self.orders = orders
        self.most = most
        self.lock = threading.RLock()
        self.models: dict[str, Model] = {}
        self.feeds: list[queue.Queue[dict[str, Any]]] = []
        for name, values in presets.items():
            self.models[name] = Model(name, preset=values)

    def refresh(self) -> None:
        with self.lock:
            for line in self.orders.all("model"):
                name, *aliases = line.split(" ")
                self.models.setdefault(name, Model(name, aliases))
            for name in self.orders.all("broken"):
                self.models.setdefault(name, Model(name, is_broken=True))
            for name in self.orders.all("asleep"):
                self.models[name].state = "sleeping"
            named = {line.split(" ")[0] for line in self.orders.all("model")}
            named |= set(self.orders.all("broken"))
            for name in [n for n, m in self.models.items() if n not in named and not m.preset]:
                del self.models[name]

    def find(self, name: str) -> Model | None:
        with self.lock:
            self.refresh()
            for model in self.models.values():
                if name == model.name or name in model.aliases:
                    return model
        return None

    def tell(self, model: Model, event: str, **data: Any) -> None:
        for feed in list(self.feeds):
            feed.put({"model": model.name, "event": event, "data": data})

    def running(self) -> list[Model]:
        return [m for m in self.models.values() if m.state in ("loading", "loaded", "sleeping")]

    def load(self, model: Model) -> None:
        with self.lock:
            running = self.running()
            if self.most and len(running) >= self.most:
                oldest = min(running, key=lambda each: each.used)
                say(f"srv  models_max limit reached, removing LRU name={oldest.name}")
                self.unload(oldest)
            model.state, model.exit_code = "loading", None
            model.port, model.used = free_port(), time.monotonic()
        say(f"srv  spawning server instance with name={model.name} on port {model.port}")
        self.tell(model, "model_status", status="loading")
        threading.Thread(target=self._loads, args=(model,), daemon=True).start()

    def _loads(self, model: Model) -> None:
        end = time.monotonic() + float(self.orders.first("load") or 0.02)
        stages = {"stages": ["text_model"], "current": "text_model"}
        while time.monotonic() < end:
            self.tell(model, "status_change", status="loading", progress={**stages, "value": 0.5})
            time.sleep(0.02)
        with self.lock:
            if model.state != "loading":
                return
            if model.is_broken:
                model.state, model.exit_code = "unloaded", 1
                say(f"[{model.port}] 0.00.001.000 E gguf_init_from_file: invalid magic characters")
                self.tell(model, "status_change", status="unloaded", exit_code=1)
                return
            model.state = "loaded"
            say(f"[{model.port}] 0.00.009.021 I srv  llama_server: model loaded")
            self.tell(model, "status_change", status="loaded", info={})

    def unload(self, model: Model) -> None:
        with self.lock:
            model.state, model.exit_code = "unloaded", None
        say(f"srv  instance name={model.name} exited with status 0")
        self.tell(model, "status_change", status="unloaded", exit_code=0)

    def listed(self, model: Model) -> dict[str, Any]:
        values = [word for key, value in model.preset.items() for word in (f"--{key}", value)]
        running = model.state != "unloaded"
        ports = ["--port", str(model.port)] if running and model.port else []
        status: dict[str, Any] = {
            "value": model.state,
            "args": ["llama-server", "--alias", model.name, *values, *ports],
            "preset": f"[{model.name}]\n",
        }
        if model.exit_code is not None:
            status |= {"exit_code": model.exit_code, "failed": True}
        entry = {
            "id": model.name,
            "aliases": model.aliases,
            "tags": [],
            "object": "model",
            "owned_by": "llamacpp",
            "created": int(time.time()),
            "status": status,
            "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]},
            "source": "preset" if model.preset else "models_dir",
            "can_remove": False,
        }
        if model.state == "loaded":
            entry["meta"] = {"n_ctx": 2048, "n_ctx_train": 8192, "size": 464_256, "ftype": "F16"}
        return entry


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    router: Router
    n_metrics = 0

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    # ------------------------------------------------------------ wrongs
    def _serve(self, body: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if not self._does_wrong(urlsplit(self.path).path):
                self._serve_well(body)

    def _does_wrong(self, path: str) -> bool:
        orders = self.router.orders
        while orders.hits("hang", path):
            time.sleep(0.02)
        for line in orders.all("status"):
            number, _, prefix = line.partition(" ")
            if path.startswith(prefix):
                self._error(int(number), "as ordered")
                return True
        if orders.hits("close", path):
            self.close_connection = True
        elif orders.hits("garbage", path):
            self.wfile.write(b"\x00\xffthis is not HTTP\r\n\r\n")
            self.close_connection = True
        elif (where := orders.first("redirect")) is not None:
            self._head(302, Location=where)
        elif (n := orders.first("long")) is not None:
            self._answer_bytes(b"x" * int(n))
        elif (text := orders.first("json")) is not None:
            self._answer_bytes(text.encode())
        elif orders.hits("endless", path):
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(b"[" * 65_536)
        elif "drip" in orders:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            while True:
                self.wfile.write(b" ")
                time.sleep(1)
        else:
            return False
        return True

    # ------------------------------------------------------------ as it should
    def _serve_well(self, body: bytes) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path in ("/health", "/v1/health") and "loading" not in self.router.orders:
            self._answer({"status": "ok"})
            return
        if not self._has_key():
            self._error(401, "Invalid API Key", "authentication_error")
            return
        single = self.router.orders.first("single")
        if single is not None:
            self._single(single, path)
        elif self.command == "POST":
            self._order(path, body)
        else:
            self._router(path, {name: values[0] for name, values in query.items()})

    def _has_key(self) -> bool:
        wanted = self.router.orders.first("key") or os.environ.get("LLAMA_API_KEY", "")
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return not wanted or given in wanted.split(",")

    def _single(self, name: str, path: str) -> None:
        if "loading" in self.router.orders:
            self._error(503, "Loading model", "unavailable_error")
        elif path == "/props":
            self._answer(
                {
                    "default_generation_settings": {"params": {}, "n_ctx": 2048},
                    "total_slots": 2,
                    "model_alias": name,
                    "model_path": f"/far/away/{name}.gguf",
                    "modalities": {"vision": False, "audio": False},
                    "build_info": BUILD,
                    "is_sleeping": name in self.router.orders.all("asleep"),
                }
            )
        elif path in ("/v1/models", "/models"):
            meta = {"n_ctx": 2048, "n_ctx_train": 8192, "size": 464_256}
            self._answer({"object": "list", "data": [{"id": name, "aliases": [], "meta": meta}]})
        elif path == "/metrics" and "no-metrics" not in self.router.orders:
            self._metrics(1)
        elif path == "/metrics":
            self._error(501, "This server does not support metrics endpoint.")
        else:
            self._error(404, "File Not Found", "not_found_error")

    def _router(self, path: str, query: dict[str, str]) -> None:
        router = self.router
        if path == "/props" and "model" not in query:
            self._answer(
                {
                    "role": "router",
                    "max_instances": router.most,
                    "models_autoload": True,
                    "model_alias": "llama-server",
                    "model_path": "none",
                    "default_generation_settings": {"params": {}, "n_ctx": 0},
                    "build_info": BUILD,
                }
            )
        elif path in ("/models", "/v1/models"):
            self._models()
        elif path == "/models/sse" and "no-feed" not in router.orders:
            self._feed()
        elif path in ("/metrics", "/slots", "/props"):
            self._of_model(path, query)
        else:
            self._error(404, "File Not Found", "not_found_error")

    def _models(self) -> None:
        router = self.router
        with router.lock:
            router.refresh()
            entries = [router.listed(model) for model in router.models.values()]
        for number in router.orders.all("many"):
            entries += [router.listed(Model(f"many-{n}")) for n in range(int(number))]
        self._answer({"data": entries, "object": "list"})

    def _of_model(self, path: str, query: dict[str, str]) -> None:
        name = query.get("model")
        if name is None:
            self._error(400, "model name is missing from the request")
            return
        model = self.router.find(name)
        if model is None:
            self._error(400, f"model '{name}' not found")
            return
        if model.state not in ("loaded", "sleeping"):
            if query.get("autoload") == "false":
                self._error(400, "model is not loaded")
                return
            self.router.load(model)  # the trap
            while model.state == "loading":
                time.sleep(0.01)
        if "no-metrics" in self.router.orders:
            self._error(501, "This server does not support metrics endpoint.")
            return
        model.state = "loaded"  # a question wakes it
        if path == "/slots":
            busy = model.name in self.router.orders.all("busy")
            if busy:
                say(f"[{model.port}] {model.name} is busy")
            self._answer([{"id": 0, "n_ctx": 2048, "is_processing": busy}])
            return
        model.n_asked += 1
        self._metrics(model.n_asked)

    def _metrics(self, n: int) -> None:
        lines = []
        for name in COUNTERS:
            lines += [f"# TYPE llamacpp:{name} counter", f"llamacpp:{name} {time.monotonic() * 10}"]
        lines += ["# TYPE llamacpp:requests_processing gauge", "llamacpp:requests_processing 1"]
        lines += ["llamacpp:requests_deferred 0", ""]
        self._answer_bytes("\n".join(lines).encode(), "text/plain; version=0.0.4")

    def _feed(self) -> None:
        feed: queue.Queue[dict[str, Any]] = queue.Queue()
        self.router.feeds.append(feed)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(b":\n\n")
        try:
            while "no-feed" not in self.router.orders:
                if "chatty" in self.router.orders:
                    self.wfile.write(b'data: {"model":"x","event":"y","data":{}}\n\n' * 1000)
                    continue
                try:
                    event = feed.get(timeout=0.2)
                except queue.Empty:
                    self.wfile.write(b":\n\n")
                    continue
                self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        finally:
            self.router.feeds.remove(feed)

    def _order(self, path: str, body: bytes) -> None:
        try:
            name = json.loads(body)["model"]
        except (ValueError, KeyError, TypeError):
            self._error(400, "model name is missing from the request")
            return
        model = self.router.find(name)
        if path == "/models/load":
            if model is None:
                self._error(404, "File Not Found", "not_found_error")
            elif model.state != "unloaded":
                self._error(400, "model is already running")
            else:
                self.router.load(model)
                self._answer({"success": True})
        elif path == "/models/unload":
            if model is None:
                self._error(400, "model is not found")
            elif model.state == "unloaded":
                self._error(400, "model is not running")
            else:
                self.router.unload(model)
                self._answer({"success": True})
        else:
            self._error(404, "File Not Found", "not_found_error")

    # ------------------------------------------------------------ answers
    def _error(self, status: int, message: str, kind: str = "invalid_request_error") -> None:
        self._answer({"error": {"message": message, "type": kind, "code": status}}, status)

    def _answer(self, content: Any, status: int = 200) -> None:
        self._answer_bytes(json.dumps(content).encode(), "application/json; charset=utf-8", status)

    def _answer_bytes(self, body: bytes, kind: str = "application/json", status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing of requests."""


def value_of(args: list[str], flag: str, otherwise: str = "") -> str:
    return args[args.index(flag) + 1] if flag in args else otherwise


def presets(path: str) -> dict[str, dict[str, str]]:
    """Sections of a models.ini, as llama.cpp reads it: what it does not know ends it."""
    found: dict[str, dict[str, str]] = {}
    section: dict[str, str] = {}
    known = set(HELP.replace(",", " ").split()) | {"--load-on-startup", "--stop-timeout"}
    for line in Path(path).read_text().splitlines() if path else ():
        line = line.strip()
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith((";", "#")):
            key, _, value = line.partition("=")
            if key.strip() != "version" and f"--{key.strip()}" not in known:
                say(f"error: option '{key.strip()}' not recognized in preset")
                sys.exit(1)
            section[key.strip()] = value.strip()
    shared = found.pop("*", {})
    return {name: shared | values for name, values in found.items()}


def main(orders: Orders, args: list[str]) -> None:
    if "--version" in args:
        say("version: 0.5.0-dev (build 7777, commit 0c1e570)")
        return
    if "--help" in args:
        print(HELP)
        return
    if "--list-devices" in args:
        print("Available devices:")
        return
    for text in orders.all("print"):
        say(text)
    for code in orders.all("exit"):
        sys.exit(int(code))
    most = int(value_of(args, "--models-max", "4"))
    Handler.router = Router(orders, most, presets(value_of(args, "--models-preset")))
    address = value_of(args, "--host", "127.0.0.1"), int(value_of(args, "--port", "0"))
    try:
        server = ThreadingHTTPServer(address, Handler)
    except OSError:
        say(f"0.00.007.000 E srv  start: couldn't bind HTTP server socket, port: {address[1]}")
        sys.exit(1)
    server.daemon_threads = True
    say(f"0.00.009.021 I srv  llama_server: listening on http://127.0.0.1:{server.server_port}")
    handler = signal.SIG_IGN if "deaf" in orders else lambda *_: os._exit(0)
    signal.signal(signal.SIGTERM, handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while True:
        signal.pause()


if __name__ == "__main__":
    main(Orders(Path(sys.argv[1])), sys.argv[2:])
