"""A browser's socket to a real server, and the login it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from websockets.datastructures import HeadersLike
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.fakes.mirror import Mirror
from tests.fakes.serving import CHECKOUT

LOGIN: Final = """
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
for number in range({count}):
    user, _ = User.objects.get_or_create(username=f"{name}{{number}}")
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    print(f"{{settings.SESSION_COOKIE_NAME}}={{cookie.value}}")
"""


def manage(data_dir: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "LLAMADASH_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def cookies(data_dir: Path, count: int, name: str = "mira") -> list[str]:
    """Logs in that many users, by the database: the server must have made it already."""
    code = LOGIN.format(name=name, count=count)
    return manage(data_dir, "shell", "--no-imports", "-c", code).splitlines()


def cookie(data_dir: Path, name: str = "mira") -> str:
    return cookies(data_dir, 1, name)[0]


class LiveClient:
    """Acknowledges every frame it reads."""

    def __init__(self, address: str, cookie: str, *, path: str = "/ws/", origin: str = "") -> None:
        self.mirror = Mirror()
        headers: HeadersLike = {"Cookie": cookie} if cookie else {}
        self.socket: ClientConnection = connect(
            f"ws://{urlsplit(address).netloc}{path}",
            origin=Origin(origin or address),
            additional_headers=headers,
            compression=None,
            proxy=None,
            open_timeout=20,
            close_timeout=2,
            ping_interval=None,
            legacy=True,  # not in a `with` of its own
        )

    def say(self, **content: Any) -> None:
        self.socket.send(json.dumps(content))

    def frame(self) -> dict[str, Any]:
        frame = self.mirror.take(str(self.socket.recv(timeout=30)))
        self.socket.send(self.mirror.ack())
        return frame

    def frame_where(self, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if condition(frame := self.frame()):
                return frame
        raise AssertionError("no such frame came")

    def close_code(self) -> int | None:
        """Reads on until the server closes."""
        try:
            while True:
                self.frame()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
