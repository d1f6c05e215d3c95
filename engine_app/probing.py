"""Asks a program that says it is llama-server what it is: in bounded time, for bounded words."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from engine_app.child_environment import LIBRARY_PATHS, environment
from engine_app.core.self_description import (
    Device,
    Version,
    parse_devices,
    parse_version,
    printable,
)
from engine_app.core.verdict import verdict
from engine_app.process import Answer, ask, end_marked
from engine_app.running.identity import question_mark
from llamadash.perf import timed

ANSWER_SECONDS: Final = 20.0  # the first run of a CUDA build reads gigabytes of libraries
MOST_BYTES: Final = 1 << 20
MOST_QUOTED: Final = 300
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
    asking = _Asking(words, embedded)
    try:
        return asking.probe()
    finally:
        end_marked(asking.mark)  # what it has started, and what has put itself into the background


_numbers: Final = itertools.count(1)


class _Asking:
    def __init__(self, words: Sequence[str], embedded: bool) -> None:
        self._words = words
        self._embedded = embedded
        self.mark = question_mark(next(_numbers))
        self._library_path = False

    def probe(self) -> Probe:
        first = self._ask("--version")
        if first.code != 0 and _misses_library(first):
            self._library_path = True
            first = self._ask("--version")
        version = parse_version(first.text)
        if first.code != 0 or version is None:
            return Probe(_problem(first))
        told = self._ask("--help")
        if told.problem:
            return Probe(f"Asked for its options with --help: {told.problem}", version)
        if told.code != 0 or "--model" not in told.text:
            return Probe("It does not list its options with --help.", version)
        # Newer than the other two: a build without it shows what it has when it starts.
        listed = self._ask("--list-devices")
        devices = parse_devices(listed.text) if listed.code == 0 else []
        return Probe("", version, devices, told.text, self._library_path)

    def _ask(self, flag: str) -> Answer:
        """The answer's text can be shown and stored."""
        surroundings = environment(
            library_path=self._library_path, embedded=self._embedded, mark=self.mark
        )
        answer = ask(
            [*self._words, flag], surroundings, seconds=ANSWER_SECONDS, most_bytes=MOST_BYTES
        )
        return replace(answer, text=printable(answer.text))


def _misses_library(answer: Answer) -> bool:
    return "cannot open shared object file" in answer.text and any(
        name in os.environ for name in LIBRARY_PATHS
    )


def _problem(answer: Answer) -> str:
    if answer.problem:
        return answer.problem
    if answer.code == 0:
        return "It does not say what version of llama-server it is."
    lines = [line.strip() for line in answer.text.splitlines() if line.strip()]
    found = verdict(answer.code, answer.signal, lines)
    if found.code == "exited":
        last = f"; its last line: {lines[-1][:MOST_QUOTED]}" if lines else " and says nothing"
        return f"It ends with exit code {answer.code}{last}."
    # There is no log of it, and it asked for no memory: only what holds for the program is said.
    advice = found.advice if found.is_permanent else ""
    return f"It {found.sentence}. {advice}".strip()
