"""The examination in a process of its own, for a server that runs.

Not in the server's: whoever opens and closes the file of a SQLite database beside SQLite takes the
locks away that its connections in the same process hold on it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
import threading
from dataclasses import dataclass
from typing import Any, Final

import psutil
from django.conf import settings

from agent_app.doctor.finding import FAIL, NOTE, OK, UNKNOWN, Finding
from engine_app.child_environment import owner
from engine_app.process import ask, end_marked
from engine_app.running.identity import mark, questions_of_the_dead
from llamadash.logs import one_line

SECONDS: Final = 90.0  # a program that does not answer has a minute for that
MOST_BYTES: Final = 1 << 20
MOST_NAME: Final = 200
MOST_NAMES: Final = 3
_RESULTS: Final = (OK, NOTE, FAIL, UNKNOWN)
_one: Final = threading.Lock()


class NotExamined(Exception):
    """Why there are no findings, in words."""


@dataclass(frozen=True, slots=True)
class Examined:
    result: str  # the worst of all
    findings: tuple[Finding, ...]


def examine_apart(port: int) -> Examined:
    """One at a time. `port` is where the server listens. Blocks; raises NotExamined."""
    if not _one.acquire(blocking=False):
        raise NotExamined("It is being looked at already: try again when that is done.")
    try:
        words = [sys.executable, str(settings.BASE_DIR / "manage.py"), "doctor", "--json"]
        answer = ask(
            [*words, "--port", str(port)], os.environ, seconds=SECONDS, most_bytes=MOST_BYTES
        )
    finally:
        _one.release()
    if answer.problem:
        asked = ", ".join(_end_asked())
        whom = f" It was asking what this is: {asked}." if asked else ""
        raise NotExamined(f"The examination has no result. {answer.problem}{whom}")
    return read_examined(answer.text)


def _end_asked() -> list[str]:
    """Programs that it was asking when it was ended, which have sessions of their own: they are
    ended too. Their names."""
    found: dict[str, str] = {}
    for pid in questions_of_the_dead(owner()):
        with contextlib.suppress(psutil.Error):
            words = one_line(shlex.join(psutil.Process(pid).cmdline()))
            found.setdefault(mark(pid), words[:MOST_NAME])
    for each in filter(None, found):
        end_marked(each)
    return list(found.values())[:MOST_NAMES]


def read_examined(text: str) -> Examined:
    """Of what the command prints: its object stands in a line, among those of the log."""
    for line in text.splitlines():
        if line.startswith("{") and (examined := _examined(line)) is not None:
            return examined
    raise NotExamined("The examination has ended without a result: see the log of llamadash.")


def _examined(line: str) -> Examined | None:
    try:
        told = json.loads(line)
        findings = tuple(_finding(each) for each in told["checks"])
        result = str(told["result"])
    except (ValueError, TypeError, KeyError):
        return None
    return Examined(result, findings) if result in _RESULTS else None


def _finding(told: dict[str, Any]) -> Finding:
    """Raises ValueError, TypeError or KeyError."""
    if told["result"] not in _RESULTS:
        raise ValueError(told["result"])
    return Finding(str(told["name"]), told["result"], str(told["found"]), str(told["advice"]))
