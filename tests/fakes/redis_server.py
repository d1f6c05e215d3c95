"""A real redis-server of one's own, behind a socket in the file system: no port to collide on."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.serving import wait_until
from tests.requirements_here import need


class RedisServer:
    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._socket}"

    def start(self) -> None:
        options = ["--port", "0", "--save", "", "--dir", str(self._socket.parent)]
        self._process = subprocess.Popen(
            ["redis-server", *options, "--unixsocket", str(self._socket)],
            stdout=subprocess.DEVNULL,
        )
        wait_until(self._answers, "an answer of redis-server")

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(str(self._socket))
            except OSError:
                return False
            connection.sendall(b"PING\r\n")
            return connection.recv(16) == b"+PONG\r\n"

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
        self._process = None
        self._socket.unlink(missing_ok=True)


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    need(shutil.which("redis-server") is not None, "there is no redis-server")
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:  # short: such paths may be 107
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()
