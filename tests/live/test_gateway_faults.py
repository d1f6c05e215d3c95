"""Clients and engines that misbehave, and what a real `serve` between them makes of it."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from tests.fakes import streaming_engine
from tests.fakes.gateway_site import Site, posted, site
from tests.fakes.serving import wait_until

CHAT: Final = "/v1/chat/completions"
MOST_GROWTH: Final = 16e6  # bytes


class Faulty(Site):
    notes: Path
    known_at: float  # when its settings are in use

    def question(self, orders: str, **more: Any) -> bytes:
        messages = [{"role": "user", "content": orders}]
        return posted(CHAT, {"model": "tiny-chat", "messages": messages, **more})

    def note(self, orders: str, word: str) -> list[str]:
        """The last note that begins with the word; `orders` only name what was asked."""
        wait_until(lambda: self._last(word), f"{word!r} noted by the engine, asked: {orders}")
        return self._last(word)

    def _last(self, word: str) -> list[str]:
        lines = [line.split() for line in self.notes.read_text().splitlines()]
        return next((line[1:] for line in reversed(lines) if line[0] == word), [])

    def forget(self) -> None:
        self.notes.write_text("")

    @property
    def memory(self) -> int:
        return int(psutil.Process(self.running.process.pid).memory_info().rss)


@pytest.fixture(scope="module")
def faulty_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    folder = tmp_path_factory.mktemp("faults")
    notes = folder / "notes"
    notes.touch()
    program = f"{sys.executable} {streaming_engine.__file__} {notes} 64"
    surroundings = {"LLAMA_SERVER_BIN": program}
    hasty = {"gateway.silence_seconds": 5}
    with site(folder, ["tiny-chat"], surroundings, settings=hasty) as found:
        faulty = Faulty(found.data, found.running)
        faulty.notes, faulty.known_at = notes, time.monotonic() + 5
        yield faulty


@pytest.fixture
def faulty(faulty_site: Faulty) -> Faulty:
    faulty_site.forget()
    return faulty_site


def until_end(connection: socket.socket) -> bytes:
    pieces = []
    while piece := connection.recv(1 << 16):
        pieces.append(piece)
        if piece.endswith(b"0\r\n\r\n"):
            break
    return b"".join(pieces)


# ---------------------------------------------------------------- clients that go, or do not read
@pytest.mark.parametrize(
    ("orders", "stream"),
    [
        ("events 100000 every 0.01", True),
        ("events 100000 every 0.01", False),
        ("early 60", True),
        ("early 60", False),
    ],
)
def test_the_engine_is_left_as_soon_as_the_client_leaves(
    faulty: Faulty, orders: str, stream: bool
) -> None:
    connection = faulty.opened(faulty.question(orders, stream=stream))
    faulty.note(orders, "asked")
    if stream and "events" in orders:
        assert connection.recv(100)
    left_at = time.monotonic()
    connection.close()
    gone_at = float(faulty.note(orders, "gone")[0])
    assert gone_at - left_at < 1.0


def test_who_leaves_is_recorded_as_gone(faulty: Faulty) -> None:
    orders = "events 100000 every 0.01"
    with closing(faulty.opened(faulty.question(orders, stream=True))) as connection:
        head = connection.recv(4096).decode()
    number = re.search(r"x-llamadash-request-id: (\w+)", head)
    assert number
    sql = "SELECT status, error_code FROM proxy_app_requestrecord WHERE public_id = ?"
    wait_until(lambda: faulty.rows(sql, number[1]), "the record")
    assert faulty.rows(sql, number[1])[0][1] == "client_gone"


def test_a_client_that_does_not_read_fills_no_memory(faulty: Faulty) -> None:
    before = faulty.memory
    orders = "events 3000 size 100000"  # 300 MB
    with closing(faulty.opened(faulty.question(orders, stream=True))):
        faulty.note(orders, "asked")
        levels = [0]

        def stands_still() -> bool:
            levels.append(faulty.memory)
            return len(levels) > 25 and max(levels[-20:]) - min(levels[-20:]) < 1 << 20

        wait_until(stands_still, "no more to come")
        assert max(levels) - before < MOST_GROWTH
    assert int(faulty.note(orders, "gone")[1]) < 3_000


def test_three_hundred_half_sent_questions_delay_nobody(faulty: Faulty) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{{"
    with ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(closing(faulty.opened(head.encode())))
        began = time.monotonic()
        assert faulty.ask("/v1/models").status == 200
        assert time.monotonic() - began < 1.0


def test_a_body_of_300_mb_in_pieces_is_refused_while_it_comes(faulty: Faulty) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    piece = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
    n_sent = 0
    with closing(faulty.opened(head.encode())) as connection:

        def send() -> None:
            nonlocal n_sent
            for _ in range(300):
                connection.sendall(piece)
                n_sent += 1

        sender = threading.Thread(target=_until_it_fails(send))
        sender.start()
        assert b" 413 " in connection.recv(4096).split(b"\r\n")[0]
        connection.shutdown(socket.SHUT_RDWR)
        sender.join(20)
    assert n_sent < 300


def _until_it_fails(send: Callable[[], None]) -> Callable[[], None]:
    def sending() -> None:
        try:
            send()
        except OSError:
            return

    return sending


# ---------------------------------------------------------------- engines that fail
def test_half_an_event_is_ended_before_the_error_is_told(faulty: Faulty) -> None:
    reply = faulty.chat("events 3 half", stream=True)
    events = reply.body.strip().split(b"\n\n")
    assert json.loads(events[-1].removeprefix(b"data: "))["error"]["code"] == "engine_died"
    assert b"[DONE]" not in reply.body


@pytest.mark.parametrize(
    ("orders", "status", "code"),
    [
        ("events 3 half", 502, "engine_died"),
        ("events 3 garbage", 502, "engine_answer"),
        ("status 500", 500, 500),
    ],
)
def test_an_answer_that_was_not_streamed_is_whole_or_an_error(
    faulty: Faulty, orders: str, status: int, code: object
) -> None:
    reply = faulty.chat(orders)
    assert (reply.status, reply.json()["error"]["code"]) == (status, code)


def test_an_engine_that_hangs_is_given_up(faulty: Faulty) -> None:
    """Before its first byte and in the middle, streamed and not."""
    found: dict[str, Any] = {}

    def ask(orders: str, stream: bool) -> None:
        found[f"{orders} {stream}"] = faulty.chat(orders, stream=stream)

    # Settings are read anew every few seconds; most of these have passed with other tests.
    wait_until(lambda: faulty.chat() and time.monotonic() > faulty.known_at, "the setting")
    asked = [("early 60", True), ("early 60", False), ("events 3 stall", True)]
    asked += [("events 3 ping 0.5", True), ("events 3 ping 0.5", False), ("ping 0.5", False)]
    threads = [threading.Thread(target=ask, args=each) for each in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [found["early 60 True"].status, found["early 60 False"].status] == [504, 504]
    assert found["events 3 stall True"].body.count(b"engine_silent") == 1
    assert found["events 3 ping 0.5 True"].body.count(b"engine_silent") == 1
    assert [found["events 3 ping 0.5 False"].status, found["ping 0.5 False"].status] == [504, 504]


# ---------------------------------------------------------------- a database that is busy
def test_nobody_waits_for_another_process_that_writes(faulty: Faulty) -> None:
    """Records and notes of use wait; keys and engines are looked up as ever."""
    headers = {"Authorization": f"Bearer {faulty.new_key('infer')}"}
    said = {"model": "tiny-chat", "messages": [{"role": "user", "content": "events 1"}]}
    assert faulty.ask(CHAT, said, **headers).status == 200
    longest = 0.0
    with closing(sqlite3.connect(faulty.data / "llamadash.sqlite3", timeout=10)) as database:
        database.execute("BEGIN IMMEDIATE")
        ends_at = time.monotonic() + 4
        while (began := time.monotonic()) < ends_at:
            assert faulty.ask(CHAT, said, **headers).status == 200
            longest = max(longest, time.monotonic() - began)
        database.rollback()
    assert longest < 1.0


# ---------------------------------------------------------------- what gets through to an engine
def test_an_engine_learns_nothing_of_who_asks(faulty: Faulty) -> None:
    key = faulty.new_key("infer")
    said = {"model": "tiny-chat", "messages": [{"role": "user", "content": "events 1"}]}
    headers = {
        "Authorization": f"Bearer {key}", "Cookie": "sessionid=x", "X_Forwarded_For": "10.0.0.1",
        "X_Api_Key": "x", "Referer": "http://x/", "User_Agent": "x", "Connection": "x-api-key",
        "X_Anything": "x",
    }  # fmt: skip
    assert faulty.ask(CHAT, said, **headers).status == 200
    _, *names = faulty.note("events 1", "asked")
    assert set(names) == {"host", "authorization", "content-length", "content-type"}


FRAMINGS: Final = [
    b"Transfer-Encoding: xchunked\r\n\r\n",
    b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    b"Content-Length: -1\r\n\r\n",
    b"Content-Length: 1_0\r\n\r\n1234567890",
    b"Content-Length: 99999999999999999999\r\n\r\n",
    b"Content-Length : 2\r\n\r\n{}",
    b"Content-Length: 2\r\nContent-Encoding: gzip\r\n\r\n{}",
    b"Content-Length: 2\r\nHost: evil.example\r\n\r\n{}",
]


@pytest.mark.parametrize("rest", FRAMINGS)
def test_a_question_that_could_be_read_in_two_ways_is_refused(faulty: Faulty, rest: bytes) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\n".encode()
    with closing(faulty.opened(head + rest)) as connection:
        status = connection.recv(4096).split(b" ")[1]
    assert status in (b"400", b"413", b"415")
    assert not faulty.notes.read_text()


@pytest.mark.parametrize(
    "line",
    [
        b"GET /v1/models/..%2fadmin HTTP/1.1", b"GET /v1/models%00 HTTP/1.1",
        b"GET /V1/models/../../admin/ HTTP/1.1", b"GET /v1\\models HTTP/1.1",
        b"GET /upstream/tiny-chat/../health HTTP/1.1",
        b"GET /upstream/tiny-chat/v1/models HTTP/1.1",
        b"CONNECT /v1/models HTTP/1.1", b"TRACE /v1/models HTTP/1.1",
    ],
)  # fmt: skip
def test_no_way_of_writing_a_path_leads_past_the_table(faulty: Faulty, line: bytes) -> None:
    with closing(faulty.opened(line + b"\r\nHost: 127.0.0.1\r\n\r\n")) as connection:
        answer = connection.recv(4096)
    assert answer.split(b" ")[1] in (b"400", b"404", b"405")
    assert b"Traceback" not in answer
