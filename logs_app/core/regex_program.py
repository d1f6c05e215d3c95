"""Searches stored lines for a regular expression, in a process of its own.

    python -m logs_app.core.regex_program < question > answer      (both JSON)

Python's `re` neither ends early nor lets other threads run meanwhile, and some expressions take for
ever: (a+)+$ on thirty letters. Whoever asks ends this process when its time is up.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from logs_app.core import matching, searching
from logs_app.core.blocks import StoredFile
from logs_app.core.matching import Find, Hit, Wanted
from logs_app.core.records import PREFIX

MOST_MEMORY_BYTES: Final = 512 << 20


def main() -> None:
    question = json.load(sys.stdin)
    seconds = question["seconds"]
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 2, int(seconds) + 2))
    json.dump(answer(question), sys.stdout)


def answer(question: dict[str, Any]) -> dict[str, Any]:
    try:
        pattern = re.compile(question["pattern"], re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        return {"problem": str(error)}
    files = [StoredFile(number, Path(path)) for number, path in question["files"]]
    search = searching.before if question["is_before"] else searching.after
    find = finder(pattern, question["level"])
    found = search(files, find, question["place"], question["limit"], question["seconds"])
    return {"lines": found.lines, "reached": found.reached, "is_end": found.is_end}


def finder(pattern: re.Pattern[str], level: str) -> Find:
    search = pattern.search
    of_level = matching.finder(Wanted(level))

    def find(block: bytes) -> Iterator[Hit]:
        for at, line in of_level(block):
            if search(line[PREFIX:].decode("utf-8", "replace")):
                yield at, line

    return find


if __name__ == "__main__":
    main()
