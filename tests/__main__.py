"""python -m tests [pytest arguments]: all tests; without arguments in several processes at a time.

Those of the browser and those of servers and engines wait for others most of their time, and leave
the cores to the rest. Each group's files are shared out between its processes; those of the browser
stay apart, since Playwright keeps an event loop running under all that follow in its process. What
the rest prints is seen at once, what the others print when they end.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from typing import IO, Final, NamedTuple

PYTEST: Final = (sys.executable, "-m", "pytest")


class Group(NamedTuple):
    folders: tuple[str, ...]
    processes: int

    @property
    def arguments(self) -> list[str]:
        if self.processes == 1:
            return list(self.folders)
        return [*self.folders, "-n", str(self.processes), "--dist", "loadfile"]


# Whatever is in none of them is the rest: no test is left out, and none runs twice.
GROUPS: Final = (
    Group(("tests/browser",), 2),
    Group(("tests/live", "tests/app/engine_app"), 2),
)


def main() -> int:
    if arguments := sys.argv[1:]:
        return subprocess.call([*PYTEST, *arguments])
    with ExitStack() as stack:
        groups = [_start(group, stack) for group in GROUPS]
        elsewhere = [f"--ignore={folder}" for group in GROUPS for folder in group.folders]
        failed = subprocess.call([*PYTEST, *elsewhere])
        for process, printed in groups:
            failed = process.wait() or failed
            printed.seek(0)
            sys.stdout.write(printed.read())
    return failed


def _start(group: Group, stack: ExitStack) -> tuple[subprocess.Popen[bytes], IO[str]]:
    printed = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by the stack
    stack.enter_context(printed)
    process = subprocess.Popen(
        [*PYTEST, *group.arguments], stdout=printed, stderr=subprocess.STDOUT
    )
    stack.callback(process.wait)
    stack.callback(process.terminate)  # before the wait: of an interrupted run
    return process, printed


if __name__ == "__main__":
    sys.exit(main())
