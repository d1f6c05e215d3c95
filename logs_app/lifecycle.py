"""What this program says about a source itself, among the lines of the source."""

from __future__ import annotations

import os
import shutil
import time
from typing import Final

from logs_app import folders
from logs_app.core import levels, records
from logs_app.core.lines import as_one_line

_LETTERS: Final = {word: letter for letter, word in levels.WORDS.items() if word}


def note(source: str, level: str, text: str) -> None:
    """`level` is error, warning, info or debug. One append to a file, from any process; raises
    OSError when the disk does not take it."""
    line = event(_LETTERS[level], text, time.time())
    descriptor = folders.open_to_append(folders.made_folder(source) / folders.EVENTS)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def forget(source: str) -> None:
    """Deletes the log of what is no more, but for what the database keeps for a while."""
    shutil.rmtree(folders.folder(source), ignore_errors=True)


def event(level: str, text: str, at: float) -> bytes:
    return records.encoded(int(at * 1000), level + levels.EVENT, as_one_line(text))
