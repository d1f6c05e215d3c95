"""A scan in a sentence."""

from __future__ import annotations

from typing import Any

from llamadash import formats
from models_app.models import ScanRun, ScanState
from models_app.scan.scan_progress import NOTES


def result(run: ScanRun) -> str:
    """`3 new, 1 changed, 2 missing` or why there is no result."""
    if run.state == ScanState.QUEUED:
        return "waits for the agent"
    if run.state == ScanState.FAILED:
        return f"failed: {run.message}" if run.message else "failed"
    found = _changes(run)
    if run.state == ScanState.CANCELLED:
        return f"cancelled; what was read is kept: {found}"
    if run.state == ScanState.INTERRUPTED:
        return f"interrupted: its process ended. {found[0].upper()}{found[1:]}"
    return found


def errors(run: ScanRun) -> list[dict[str, Any]]:
    """What could not be read, without what is only noted."""
    return [error for error in run.errors if error.get("kind") not in NOTES]


def _changes(run: ScanRun) -> str:
    n_settling = sum(error.get("kind") == "settling" for error in run.errors)
    counts = (
        (run.n_added, "new"),
        (run.n_updated, "changed"),
        (run.n_missing, "missing"),
        (run.n_invalid, "invalid"),
        (run.n_incomplete, "incomplete"),
        (n_settling, "being written"),
        (run.n_errors, "error" if run.n_errors == 1 else "errors"),
    )
    found = ", ".join(f"{formats.grouped(n)} {word}" for n, word in counts if n)
    return found or "nothing changed"
