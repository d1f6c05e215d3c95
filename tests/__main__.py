"""python -m tests [pytest arguments]: all tests; without arguments in three groups at a time.

Those of the browser and those of servers and engines wait for others most of their time, and leave
the cores to the rest. What the rest prints is seen at once, what the others print when they end.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from typing import IO, Final

PYTEST: Final = (sys.executable, "-m", "pytest")
# Whatever is in none of them is the rest: no test is left out, and none runs twice.
GROUPS: Final = (("tests/browser",), ("tests/live", "tests/app/engine_app"))


def main() -> int:
    if arguments := sys.argv[1:]:
        return subprocess.call([*PYTEST, *arguments])
    with ExitStack() as stack:
        groups = [_start(folders, stack) for folders in GROUPS]
        elsewhere = [f"--ignore={folder}" for folders in GROUPS for folder in folders]
        failed = subprocess.call([*PYTEST, *elsewhere])
        for process, printed in groups:
            failed = process.wait() or failed
            printed.seek(0)
            sys.stdout.write(printed.read())
    return failed


def _start(folders: tuple[str, ...], stack: ExitStack) -> tuple[subprocess.Popen[bytes], IO[str]]:
    printed = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by the stack
    stack.enter_context(printed)
    process = subprocess.Popen([*PYTEST, *folders], stdout=printed, stderr=subprocess.STDOUT)
    stack.callback(process.wait)
    stack.callback(process.terminate)  # before the wait: of an interrupted run
    return process, printed


if __name__ == "__main__":
    sys.exit(main())
