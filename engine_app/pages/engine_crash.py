"""What is known of a process that ended by itself, and the same as text to send on."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine_app.core.verdict import signal_name
from engine_app.models import Engine, EngineRun
from engine_app.pages.engine_command import shown
from llamadash.version import VERSION

MOST_LINE: Final = 500
# Ends that somebody wanted: no crash.
WANTED: Final = frozenset({"", "stopped", "restarting", "idle", "exit", "gone", "evicted"})
_COLOURS: Final = re.compile(r"\x1b\[[\d;]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Crash:
    run: EngineRun
    how: str  # exit code or signal
    advice: str
    lines: tuple[str, ...]
    report: str


def crash(engine: Engine, run: EngineRun | None) -> Crash | None:
    """None unless the latest life has ended and nobody wanted that."""
    if run is None or run.ended_at is None or run.reason_code in WANTED:
        return None
    lines = tuple(_short(line) for line in run.last_lines)
    # The supervisor may have added that it gives up.
    advice = engine.advice if engine.reason_code == run.reason_code else ""
    return Crash(run, how_ended(run), advice or run.advice, lines, _report(engine, run, lines))


def how_ended(run: EngineRun) -> str:
    if run.ended_at is None:
        return "runs"
    if run.signal is not None:
        return signal_name(run.signal)
    if run.exit_code is not None:
        return f"exit code {run.exit_code}"
    return "exit code not known" if run.pid else "never had a process"


def _short(line: object) -> str:
    text = _COLOURS.sub("", str(line))
    return text if len(text) <= MOST_LINE else f"{text[:MOST_LINE]} …"


def _report(engine: Engine, run: EngineRun, lines: Sequence[str]) -> str:
    """For an issue: what ran, how, and what it said. Paths are in it; keys are not."""
    n_program = len(run.binary.words) if run.binary else 1
    model = engine.llama_model
    facts = {
        "llamadash": VERSION,
        "build": run.build or "not known",
        "model": f"{model.architecture or '?'} {model.quantization or '?'}, {model.size_bytes:,} B",
        "ended": f"{how_ended(run)}: {run.reason}",
        "command": shown(run.argv, n_program).text if run.argv else shlex.join([]),
    }
    head = "\n".join(f"{name}: {value}" for name, value in facts.items())
    return f"{head}\n\nlast lines:\n" + "\n".join(lines)
