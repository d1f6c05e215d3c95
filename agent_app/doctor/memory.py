from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import psutil

from agent_app.doctor.finding import Finding, note, ok
from llamadash.formats import size
from metrics_app.core.memory_limit import read_limit

NAME: Final = "memory"
LITTLE_BYTES: Final = 512 << 20


def check() -> Iterator[Finding]:
    machine, limit = psutil.virtual_memory(), read_limit()
    free = machine.available if limit is None else min(machine.available, limit.free_bytes)
    if limit is not None and limit.limit_bytes < machine.total:
        words = (
            f"This container or unit may use {size(limit.limit_bytes)} of the machine's "
            f"{size(machine.total)}, engines included."
        )
        yield note(NAME, words, "Raise its limit if larger models are to run; it is counted with.")
    elif free >= LITTLE_BYTES:
        yield ok(NAME, f"{size(free)} of {size(machine.total)} are available")
    if free < LITTLE_BYTES:
        yield note(NAME, f"Only {size(free)} are available.", "Stop engines or other programs.")
