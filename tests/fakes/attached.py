"""Servers to attach, and what follows them, as tests use them."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from engine_app.attached import control
from engine_app.attached.following import Around, Following, Pace
from engine_app.models import AttachedModel, AttachedServer
from engine_app.running.rows import rows
from metrics_app.source import Source
from tests.fakes.supervised import Orders

PROGRAM: Final = Path(__file__).with_name("router_server.py")
# The order of things is what is tested: only the waiting is shorter than in earnest.
HASTY: Final = Pace(usual=0.1, watched=0.05, most=0.4, least=0.02, written=60.0)


class Server:
    """The program, running on a port of its own."""

    def __init__(self, folder: Path, *lines: str, args: tuple[str, ...] = ()) -> None:
        self.orders = Orders(folder / "router-orders")
        self.lines = lines
        self.orders.give(*lines)
        self._args = args
        self.port = 0
        self.said: list[str] = []
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, str(PROGRAM), str(self.orders.path), *self._args]
        self._process = subprocess.Popen(
            [*command, "--port", str(self.port)], stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                break
        threading.Thread(target=self._hear, args=(self._process,), daemon=True).start()
        assert self.port, "it did not start"

    def _hear(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        with process.stderr:
            self.said += list(process.stderr)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def add(self, *lines: str) -> None:
        """More orders, beside those it has."""
        self.orders.give(*self.lines, *lines)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def attach(self, name: str = "there", key: str | None = None) -> AttachedServer:
        return control.attach(control.wanted(name, self.url, key))


@contextmanager
def running(folder: Path, *lines: str, args: tuple[str, ...] = ()) -> Iterator[Server]:
    server = Server(folder, *lines, args=args)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Sources:
    """The sampler's part in it."""

    def __init__(self) -> None:
        self.there: dict[str, Source] = {}

    def add(self, source: Source) -> None:
        self.there[source.name] = source

    def remove(self, name: str) -> None:
        del self.there[name]


class Followed:
    """Steps the following as the agent does, and waits for rows to say what they should."""

    def __init__(self, pace: Pace) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.watched: set[str] = set()
        self.sources = Sources()
        around = Around(self._told, self.watched.__contains__, self.sources, pace)
        self.following = Following(settings.NODE, around)

    def _told(self, topic: str, name: str, data: dict[str, Any]) -> None:
        self.events.append((topic, name, data))

    async def until(self, condition: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
        """Gives what `condition`, which may ask the database, gave when it held."""
        end = asyncio.get_running_loop().time() + seconds
        while True:
            await self.following.step()
            if found := await rows(condition):
                return found
            now = asyncio.get_running_loop().time()
            assert now < end, f"waited {seconds:.0f} s in vain for: {what}"
            await asyncio.sleep(0.02)

    async def until_state(self, server: AttachedServer, state: str) -> AttachedServer:
        def reached() -> AttachedServer | None:
            return AttachedServer.objects.filter(pk=server.pk, state=state).first()

        found: AttachedServer = await self.until(reached, f"the server to be {state}")
        return found

    async def until_model(self, server: AttachedServer, name: str, state: str) -> AttachedModel:
        def reached() -> AttachedModel | None:
            return server.models.filter(model_id=name, state=state).first()

        found: AttachedModel = await self.until(reached, f"{name} to be {state}")
        return found


@asynccontextmanager
async def followed(pace: Pace = HASTY) -> AsyncIterator[Followed]:
    found = Followed(pace)
    await found.following.begin()
    try:
        yield found
    finally:
        await found.following.end()
