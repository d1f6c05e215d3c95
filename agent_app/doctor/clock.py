from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from django.conf import settings

from agent_app.doctor.finding import Finding, fail, note, ok

NAME: Final = "clock"
SET_IT: Final = "Set the clock: timedatectl set-ntp true, or the like."
FIRST_YEAR: Final = 2025  # nobody had this program before
LAST_YEAR: Final = 2100
WATCH_SECONDS: Final = 0.3
JUMP_SECONDS: Final = 0.1
AHEAD_SECONDS: Final = 120.0


def check() -> Iterator[Finding]:
    now = datetime.now(UTC)
    if not FIRST_YEAR <= now.year < LAST_YEAR:
        yield fail(NAME, f"It says that this is the year {now.year}.", SET_IT)
    elif (ahead := _newest_write() - now.timestamp()) > AHEAD_SECONDS:
        words = f"It was set back: the database was written {ahead:,.0f} seconds from now."
        advice = f"{SET_IT} What was recorded ahead of it is hidden until then."
        yield fail(NAME, words, advice)
    elif (jump := _jump()) > JUMP_SECONDS:
        words = f"It moved by {jump:.1f} seconds while it was watched."
        yield note(NAME, words, "Times of records are not exact while it is being set.")
    else:
        zone = datetime.now().astimezone()
        yield ok(NAME, f"{now:%Y-%m-%d %H:%M:%S} UTC; the machine's zone is {zone:%Z (UTC%z)}")


def _newest_write() -> float:
    """Unix time; 0 when there is nothing."""
    name = Path(str(settings.DATABASES["default"]["NAME"]))
    files = (name, name.with_name(name.name + "-wal"))
    return max(_changed_at(file) for file in files)


def _changed_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _jump() -> float:
    """Seconds by which wall clock and monotonic clock part."""
    wall, steady = time.time(), time.monotonic()
    time.sleep(WATCH_SECONDS)
    return abs((time.time() - wall) - (time.monotonic() - steady))
