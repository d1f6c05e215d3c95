from __future__ import annotations

import time
from http.client import HTTPConnection
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import psutil

from tests.fakes.serving import Serving


class Answer(NamedTuple):
    status: int
    body: bytes
    etag: str
    seconds: float


class SignedIn:
    """One kept connection of a user who is logged in."""

    def __init__(self, server: Serving, cookie: str) -> None:
        self._server = psutil.Process(server.process.pid)
        self._connection = HTTPConnection(urlsplit(server.address).netloc, timeout=60)
        self._headers = {"Cookie": cookie, "Accept-Encoding": "identity"}

    def get(self, path: str, **headers: str) -> Answer:
        started = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers | headers)
        response = self._connection.getresponse()
        body = response.read()
        taken = time.perf_counter() - started
        return Answer(response.status, body, response.headers.get("ETag", ""), taken)

    def server_cpu_seconds(self) -> float:
        times = self._server.cpu_times()
        return times.user + times.system

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
