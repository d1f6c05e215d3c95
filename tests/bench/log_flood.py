"""Logs: what a line costs, a flood of 100,000 lines a second, a search through 49 MB."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from tests.bench import big_registry
from tests.bench.measuring import MILLI, median, percentile
from tests.bench.row import Row
from tests.bench.signed_in import SignedIn
from tests.fakes.flooding import lines
from tests.fakes.serving import CHECKOUT, serving

NAME: Final = "log_flood"
SOURCE: Final = "engine.7"
A_SECOND: Final = 100_000
_MICRO: Final = 1e6
_MB: Final = 1e6
_SEARCHED_BYTES: Final = 49_000_000


def run(quick: bool) -> list[Row]:
    big_registry.django_ready()
    return [_line(quick), *_flood(5 if quick else 60), *_searches(quick)]


def _line(quick: bool) -> Row:
    """From the file of a child to the stored line, with all that is decided about it."""
    from tests.logs import Pumping, print_as_child

    n_lines = 50_000 if quick else 200_000
    pumping = Pumping()
    rounds = []
    for _ in range(3):
        for first in range(0, n_lines, 10_000):
            print_as_child("engine.1", lines(first, 10_000))
        started = time.process_time()
        pumping.run()
        rounds.append(time.process_time() - started)
    naive = median(lambda: _naive(n_lines), rounds=1, clock=time.process_time)
    return Row(
        "log: CPU a line, child's file to stored line",
        min(rounds) / n_lines * _MICRO,
        "us",
        compared_with="a row for each, one commit for 100",
        theirs=naive / n_lines * _MICRO,
    )


def _naive(n_lines: int) -> None:
    from datetime import UTC, datetime

    from logs_app.models import LogLine

    now = datetime.now(UTC)
    texts = lines(0, n_lines).decode().splitlines()
    for first in range(0, n_lines, 100):
        rows = [
            LogLine(source="naive", at=now, level="I", is_event=False, text=text)
            for text in texts[first : first + 100]
        ]
        LogLine.objects.bulk_create(rows)
    LogLine.objects.filter(source="naive").delete()


@contextmanager
def _flooding(seconds: int) -> Iterator[subprocess.Popen[bytes]]:
    from logs_app.capture import open_output

    output = open_output(SOURCE)
    program = str(CHECKOUT / "tests/fakes/flooding.py")
    command = [sys.executable, program, str(A_SECOND * seconds), str(A_SECOND)]
    child = subprocess.Popen(command, stdout=output, stderr=output)
    os.close(output)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def _flood(seconds: int) -> list[Row]:
    cookie = big_registry._session_cookie()
    with serving(Path(big_registry.DATA_DIR)) as server, SignedIn(server, cookie) as client:
        for address in ("/models/", f"/logs/?source={SOURCE}") * 5:
            client.get(address)
        process = psutil.Process(server.process.pid)
        before = process.memory_info().rss
        quiet_until = time.monotonic() + seconds
        quiet, _ = _pages_until(lambda: time.monotonic() > quiet_until, client, process)
        cpu = client.server_cpu_seconds()
        with _flooding(seconds) as child:
            started = time.monotonic()
            taken, most = _pages_until(lambda: child.poll() is not None, client, process)
            took = time.monotonic() - started
        cpu = client.server_cpu_seconds() - cpu
    note = f"{A_SECOND * seconds:,} lines in {took:.1f} s; {_left_out():,} left out and counted"
    return [
        Row(
            "log flood: page p99 meanwhile",
            percentile(taken, 99) * MILLI,
            "ms",
            budget=250,
            compared_with="the same without a flood",
            theirs=percentile(quiet, 99) * MILLI,
            note=note,
        ),
        Row("log flood: memory of serve more by", (most - before) / _MB, "MB", budget=64),
        Row("log flood: CPU of serve, pages included", cpu / took * 100, "% of a core"),
    ]


def _pages_until(
    is_over: Callable[[], bool], client: SignedIn, process: psutil.Process
) -> tuple[list[float], int]:
    taken, most = [], 0
    while not is_over():
        answer = client.get("/models/")
        if answer.status != 200:
            raise RuntimeError(f"/models/ answered {answer.status}")
        taken.append(answer.seconds)
        most = max(most, process.memory_info().rss)
        time.sleep(0.02)
    return taken, most


def _left_out() -> int:
    """What the gaps in the log say."""
    from logs_app import history

    gaps = history.before(SOURCE, history.Filter("W", "are missing here"), None, 1_000).lines
    return sum(int(gap.text.removeprefix("more than ").split()[0].replace(",", "")) for gap in gaps)


def _searches(quick: bool) -> list[Row]:
    from logs_app import history
    from logs_app.core import records
    from logs_app.folders import made_folder
    from logs_app.history import Filter
    from logs_app.storing import Storing, file_bytes

    source = "engine.2"
    storing = Storing(made_folder(source))
    stored = 0
    while stored < _SEARCHED_BYTES:
        texts = lines(stored, 1_000).decode().splitlines()
        data = records.encoded_all(1790000000000, ["I "] * len(texts), texts)
        storing.append(data, file_bytes(64 << 20))
        stored += len(data)
    storing.close()
    rounds = 2 if quick else 5
    rare = Filter("", "no such text in it")
    tail = median(
        lambda: history._search(source, Filter(), None, 200, is_before=True), rounds=rounds
    )
    text = median(lambda: history.before(source, rare, None, 100), rounds=rounds)
    level = median(lambda: history.before(source, Filter("W"), None, 100), rounds=rounds)
    regex = Filter("", "no.such [a-z]+ here", is_regex=True)
    searched = median(lambda: history.before(source, regex, None, 100), rounds=1)
    note = f"{stored / _MB:.0f} MB, no line matches"
    return [
        Row("log: newest 200 lines from files", tail * MILLI, "ms"),
        Row("log: search for a text", text * MILLI, "ms", note=note),
        Row("log: search for a level", level * MILLI, "ms", note=note),
        Row(
            "log: search by a regular expression",
            searched * MILLI,
            "ms",
            note=f"{note}; ends after 3 s",
        ),
    ]
