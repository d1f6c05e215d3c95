"""How things are measured: medians over rounds, the two ways in turn within each round.

A machine's speed drifts while a benchmark runs; two ways that take turns drift together.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Final

Action = Callable[[], object]
Clock = Callable[[], float]

MILLI: Final = 1e3
_KIB: Final = 1024
_MB: Final = 1e6

# Runs in a process of its own: what was ever taken counts, also what was given back since. Not
# ru_maxrss, which a child inherits: it would start at the peak of the benchmark's own process.
_PEAK_PROGRAM: Final = """
import sys
def peak_kib():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
{before}
start = peak_kib()
{action}
print(peak_kib() - start)
"""


def seconds(action: Action, calls: int = 1, clock: Clock = time.perf_counter) -> float:
    """Seconds for one call, the mean of `calls`."""
    gc.collect()
    start = clock()
    for _ in range(calls):
        action()
    return (clock() - start) / calls


def median(
    action: Action, *, rounds: int, calls: int = 1, clock: Clock = time.perf_counter
) -> float:
    """Seconds for one call; the first round warms up and does not count."""
    seconds(action, clock=clock)
    return statistics.median(seconds(action, calls, clock) for _ in range(rounds))


def paired(
    ours: Action, theirs: Action, *, rounds: int, calls: int = 1, their_calls: int = 1
) -> tuple[float, float]:
    """Seconds for one call of each; who begins changes from round to round."""
    seconds(ours)
    pairs = [(ours, calls), (theirs, their_calls)]
    taken: dict[Action, list[float]] = {ours: [], theirs: []}
    for number in range(rounds):
        for action, count in pairs if number % 2 else reversed(pairs):
            taken[action].append(seconds(action, count))
    return statistics.median(taken[ours]), statistics.median(taken[theirs])


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def peak_megabytes(action: str, *, before: str, arguments: tuple[str, ...] = ()) -> float:
    """How far the code `action` lifts the peak of resident memory above that after `before`."""
    program = _PEAK_PROGRAM.format(before=before, action=action)
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout) * _KIB / _MB
