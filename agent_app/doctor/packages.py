from __future__ import annotations

import platform
import re
import sqlite3
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final, NamedTuple

from django.conf import settings

from agent_app.doctor.finding import Finding, fail, note, ok, unknown

LEAST_PYTHON: Final = (3, 11)
_PIN: Final = re.compile(r"([A-Za-z0-9][\w.-]{0,99})==([\w.!+-]{1,60})\s*(;)?")
SETUP: Final = "make setup installs what is missing; start llamadash again after it."


class Pin(NamedTuple):
    name: str
    version: str
    is_conditional: bool  # not for every system


def check() -> Iterator[Finding]:
    version = platform.python_version()
    if sys.version_info < LEAST_PYTHON:
        yield fail("Python", version, "llamadash needs 3.11 or newer: make setup PYTHON=python3.x")
    else:
        yield ok("Python", f"{version}, SQLite {sqlite3.sqlite_version}")
    yield _packages(Path(settings.BASE_DIR) / "requirements" / "run.txt")


def _packages(file: Path) -> Finding:
    try:
        pins = list(read_pins(file.read_text()))
    except (OSError, UnicodeDecodeError):
        why = f"{file} cannot be read, so nobody knows what is missing."
        return unknown("packages", why, "Get a whole copy of llamadash.")
    found = {pin: installed(pin.name) for pin in pins}
    missing = [pin.name for pin, version in found.items() if not (version or pin.is_conditional)]
    others = [
        f"{pin.name} {version} instead of {pin.version}"
        for pin, version in found.items()
        if version is not None and version != pin.version
    ]
    if missing:
        return fail("packages", f"Not installed: {', '.join(missing)}.", SETUP)
    if others:
        words = f"Not the versions that were tried: {', '.join(others)}."
        return note("packages", words, SETUP)
    return ok("packages", f"{len(pins)} of {len(pins)} have the pinned version")


def read_pins(text: str) -> Iterator[Pin]:
    for line in text.splitlines():
        if match := _PIN.match(line):
            yield Pin(match[1], match[2], match[3] is not None)


def installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
