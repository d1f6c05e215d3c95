"""Asks a program that says it is llama-server what it is: in bounded time, for bounded words."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from engine_app.child_environment import LIBRARY_PATHS, environment
from engine_app.core.self_description import Device, Version, parse_devices, parse_version
from engine_app.core.verdict import verdict
from engine_app.process import Answer, ask
from llamadash.perf import timed

ANSWER_SECONDS: Final = 20.0  # the first run of a CUDA build reads gigabytes of libraries
MOST_BYTES: Final = 1 << 20
NO_VERSION: Final = Version("")


@dataclass(frozen=True, slots=True)
class Probe:
    """`problem` says why the program cannot be used; the rest is then empty."""

    problem: str = ""
    version: Version = NO_VERSION
    devices: list[Device] = field(default_factory=list)
    help_text: str = ""
    needs_library_path: bool = False

    @property
    def help_hash(self) -> str:
        return hashlib.blake2b(self.help_text.encode(), digest_size=16).hexdigest()


@timed("engines.probe", slow_seconds=10)
def probe(words: Sequence[str], *, embedded: bool) -> Probe:
    """Blocks for as long as the program takes to answer three times: call it from a thread."""
    first = _ask(words, "--version", embedded, library_path=False)
    library_path = first.code != 0 and _misses_library(first)
    if library_path:
        first = _ask(words, "--version", embedded, library_path=True)
    version = parse_version(first.text)
    if first.code != 0 or version is None:
        return Probe(problem=_problem(first))
    told = _ask(words, "--help", embedded, library_path)
    if told.code != 0 or "--model" not in told.text:
        return Probe(problem="It does not list its options with --help.", version=version)
    # Newer than the other two: a build without it shows what it has when it starts.
    listed = _ask(words, "--list-devices", embedded, library_path)
    devices = parse_devices(listed.text) if listed.code == 0 else []
    return Probe("", version, devices, told.text, library_path)


def _ask(words: Sequence[str], flag: str, embedded: bool, library_path: bool) -> Answer:
    surroundings = environment(library_path=library_path, embedded=embedded)
    return ask([*words, flag], surroundings, seconds=ANSWER_SECONDS, most_bytes=MOST_BYTES)


def _misses_library(answer: Answer) -> bool:
    return "cannot open shared object file" in answer.text and any(
        name in os.environ for name in LIBRARY_PATHS
    )


def _problem(answer: Answer) -> str:
    if answer.problem:
        return answer.problem
    if answer.code == 0:
        return "It does not say what version of llama-server it is."
    found = verdict(answer.code, None, answer.text.splitlines())
    last = next((line.strip() for line in reversed(answer.text.splitlines()) if line.strip()), "")
    words = f"It {found.sentence}" if found.code != "exited" else f"It ends with: {last[:300]}"
    return f"{words}. {found.advice}".strip()
