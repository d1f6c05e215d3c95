"""What the environment says. A value that cannot be used at all has ended the program before."""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

from agent_app.doctor.finding import Finding, fail, note, ok
from models_app import roots
from settings_app.environment import VARIABLES

PREFIX: Final = "LLAMADASH_"
# Read before there are settings, by make, or by tests.
_OTHERS: Final = frozenset(
    {"LLAMADASH_IGNORE_DOTENV", "LLAMADASH_REQUIRE", "LLAMADASH_STATIC_DIR", "LLAMADASH_ENGINE"}
)
_OWN_PROGRAMS: Final = ("LLAMADASH_TEST_", "LLAMADASH_BENCH_")
REDIS_SECONDS: Final = 2.0


def check() -> Iterator[Finding]:
    problems = [*_misspelt(), *_open_dotenv(), *_open_hosts(), *_debugging()]
    yield from problems
    yield from _folders()
    yield from _redis()
    if not problems:
        n_set = sum(variable.is_set for variable in VARIABLES)
        yield ok("settings", f"{n_set} variables are set, and all can be used")


def _misspelt() -> Iterator[Finding]:
    known = {variable.name for variable in VARIABLES} | _OTHERS
    for name in sorted(os.environ):
        if not name.startswith(PREFIX) or name in known or name.startswith(_OWN_PROGRAMS):
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        meant = f"Did you mean {near[0]}?" if near else "Take it out."
        yield note("settings", f"{name} is set and is no setting.", meant)


def _open_dotenv() -> Iterator[Finding]:
    file = Path(settings.BASE_DIR) / ".env"
    if "LLAMADASH_IGNORE_DOTENV" in os.environ:
        return
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return
    if mode & 0o077:
        words = f"{file} may hold secrets and can be read by others (mode {mode:04o})."
        yield note("settings", words, f"chmod 600 {file}")


def _open_hosts() -> Iterator[Finding]:
    if "*" in settings.ALLOWED_HOSTS:
        words = "LLAMADASH_ALLOWED_HOSTS is *: any web site may pretend to be this one."
        yield note("settings", words, "Name the hosts that browsers are to use.")


def _debugging() -> Iterator[Finding]:
    if settings.DEBUG:
        words = "LLAMADASH_DEBUG=1: error pages show code and settings."
        yield note("settings", words, "Leave it out, except for development.")


def _folders() -> Iterator[Finding]:
    for folder in settings.MODELS_DIRS:
        if problem := roots.unusable(roots.normal(folder)):
            words = "serve does not start with it: mend the folder or LLAMADASH_MODELS_DIRS."
            yield fail("settings", f"LLAMADASH_MODELS_DIRS: {problem}", words)


def _redis() -> Iterator[Finding]:
    """Its address may hold a password, and so may the words of an error."""
    if not settings.CHANNEL_LAYERS:
        return
    from redis import Redis, RedisError

    address = settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"][0]["address"]
    try:
        with Redis.from_url(
            address, socket_connect_timeout=REDIS_SECONDS, socket_timeout=REDIS_SECONDS
        ) as redis:
            redis.ping()
    except (RedisError, OSError, ValueError) as error:
        words = f"REDIS_URL: no answer ({type(error).__name__})."
        yield fail("Redis", words, "Start Redis, or leave REDIS_URL out.")
    else:
        yield ok("Redis", "answers")
