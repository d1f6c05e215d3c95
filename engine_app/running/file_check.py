"""A look at the files of a model before an engine gets them.

llama.cpp has read beyond the end of files that claim more than they hold. The registry knows what a
file was at the last scan; this is what it is now.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from engine_app.core.verdict import Verdict
from llamadash.perf import timed
from models_app.core.gguf import GGUFError, read

SCAN: str = "Scan the folder, or download the file again."


@timed("engines.file_check", slow_seconds=5)
def complaint(files: Sequence[Path]) -> Verdict | None:
    """Why these must not be loaded. Blocks as long as the disk does: call it from a thread."""
    for path in files:
        if found := _complaint(path):
            return found
    return None


def _complaint(path: Path) -> Verdict | None:
    if not os.access(path, os.F_OK):
        return Verdict("missing_file", f"cannot find its file {path.name}", SCAN)
    try:
        header = read(path, use_numpy=False)
    except GGUFError as error:
        code = "truncated" if error.kind == "truncated" else "refused"
        return Verdict(code, f"was not started: {path.name}: {error.message}", SCAN)
    if header.incomplete:
        sentence = f"was not started: tensors of {path.name} lie beyond the end of the file"
        return Verdict("truncated", sentence, SCAN)
    return None
