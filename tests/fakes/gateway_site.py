"""A real `serve`, its gateway, and who asks it."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from models_app.core.demo_models import write_demo_models
from tests.fakes.serving import CHECKOUT, Serving, serving, wait_until

SET = (
    "INSERT INTO settings_app_setting (key, value, updated_at) VALUES (?, ?, '2026-01-01 00:00:00')"
)
HI = [{"role": "user", "content": "hi"}]


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Site:
    def __init__(self, data: Path, running: Serving) -> None:
        self.data = data
        self.running = running
        self.port = int(running.address.rsplit(":", 1)[1])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, said: Any = None, **headers: str) -> Reply:
        """A GET, or a POST of what is said."""
        body = None if said is None else json.dumps(said).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        method = "GET" if body is None else "POST"
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, body, names)
            answer = connection.getresponse()
            given = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, given, answer.read())

    def chat(self, content: str = "hi", model: str = "tiny-chat", **more: Any) -> Reply:
        messages = [{"role": "user", "content": content}]
        return self.ask("/v1/chat/completions", {"model": model, "messages": messages, **more})

    def opened(self, request: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        connection.sendall(request)
        return connection

    def rows(self, sql: str, *given: object) -> list[Any]:
        with closing(sqlite3.connect(self.data / "llamadash.sqlite3", timeout=10)) as database:
            return database.execute(sql, given).fetchall()

    def write(self, sql: str, *given: object) -> None:
        with closing(sqlite3.connect(self.data / "llamadash.sqlite3", timeout=10)) as database:
            database.execute(sql, given)
            database.commit()

    def new_key(self, *scopes: str) -> str:
        words = [word for scope in scopes for word in ("--scope", scope)]
        surroundings = {**os.environ, "LLAMADASH_DATA_DIR": str(self.data)}
        done = subprocess.run(
            [sys.executable, "manage.py", "createapikey", "test", *words],
            cwd=CHECKOUT, env=surroundings, capture_output=True, text=True,
        )  # fmt: skip
        assert not done.returncode, done.stderr
        return done.stdout.strip()


def posted(path: str, said: Any) -> bytes:
    """As it goes over the wire."""
    body = json.dumps(said).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@contextmanager
def site(
    folder: Path,
    models: Sequence[str],
    environment: dict[str, str] | None = None,
    settings: Mapping[str, object] | None = None,
) -> Iterator[Site]:
    """With these demo models, of which the first is loaded, and these operator settings."""
    write_demo_models(folder / "models", models)
    first = 20_000 + os.getpid() % 300 * 100
    surroundings = {
        "LLAMADASH_MODELS_DIRS": str(folder / "models"),
        "LLAMADASH_PORT_RANGE": f"{first}-{first + 99}",
        **(environment or {}),
    }
    with serving(folder / "data", environment=surroundings) as running:
        found = Site(folder / "data", running)
        try:
            listed = "SELECT id FROM models_app_llamamodel WHERE state = 'ok'"
            wait_until(lambda: len(found.rows(listed)) >= len(models), "the models to be found")
            for name, value in (settings or {}).items():
                found.write(SET, name, json.dumps(value))
            wait_until(lambda: found.chat(model=models[0]).status == 200, "a first answer")
            yield found
        finally:
            running.stop()  # and its engines with it
