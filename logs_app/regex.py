"""Asks for lines that match a regular expression, and waits no longer than it may."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings

from logs_app.core.blocks import StoredFile
from logs_app.core.records import Line
from logs_app.core.searching import Found

MOST_CHARACTERS: Final = 200
SECONDS: Final = 3.0
_START_SECONDS: Final = 3.0  # of a Python, on a machine that is busy
MOST_AT_ONCE: Final = 2
_places: Final = threading.BoundedSemaphore(MOST_AT_ONCE)


class RegexError(Exception):
    """What is wrong, in words for whoever asked."""


class RegexBusy(RegexError):
    """It may be asked again."""


def search(
    files: Sequence[StoredFile],
    pattern: str,
    level: str,
    *,
    is_before: bool,
    place: int | None,
    limit: int,
    seconds: float = SECONDS,
) -> Found:
    question = {
        "files": [(file.number, str(file.path)) for file in files],
        "pattern": pattern,
        "level": level,
        "is_before": is_before,
        "place": place,
        "limit": limit,
        "seconds": seconds,
    }
    if not _places.acquire(blocking=False):
        raise RegexBusy("Other searches by regular expressions are running: try again.")
    try:
        content = _asked(question, seconds + _START_SECONDS)
    finally:
        _places.release()
    if problem := content.get("problem"):
        raise RegexError(f"The regular expression cannot be read: {problem}.")
    lines = [Line(*line) for line in content["lines"]]
    return Found(lines, content["reached"], content["is_end"])


def _asked(question: dict[str, Any], seconds: float) -> dict[str, Any]:
    """`run` kills the process when the time is up, and waits for its end."""
    command = [sys.executable, "-E", "-s", "-S", "-m", "logs_app.core.regex_program"]
    try:
        done = subprocess.run(  # noqa: S603 - our own program; the question goes through stdin
            command,
            input=json.dumps(question),
            cwd=settings.BASE_DIR,
            env={},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RegexError("The regular expression takes too long: make it simpler.") from None
    if done.returncode != 0:
        raise RegexError("The regular expression takes too much time or memory: make it simpler.")
    content: dict[str, Any] = json.loads(done.stdout)
    return content
