"""A file that was deleted while a program still writes to it.

It has no name any more and cannot be given one. But while some process has it as its standard
output, Linux lets whoever may look into that process open it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
_STDOUT: Final = "fd/1"


def opened(path: Path, inode: int, proc: Path = PROC) -> int | None:
    """A descriptor to read it and make holes in it. None: no process has it, or we may not look.

    Looks at every process of the machine. `inode` is what the deleted file had: another file of
    this name, or another program's output, is never taken for it.
    """
    # So the kernel calls a file that has lost its name.
    called = f"{path.parent.resolve() / path.name} (deleted)"
    for output in _outputs(proc):
        try:
            if str(output.readlink()) != called:
                continue
            descriptor = os.open(output, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:  # it has ended, or belongs to somebody else
            continue
        status = os.fstat(descriptor)
        if status.st_ino == inode and not status.st_nlink:
            return descriptor
        os.close(descriptor)
    return None


def _outputs(proc: Path) -> Iterator[Path]:
    try:
        processes = [each for each in proc.iterdir() if each.name.isdecimal()]
    except OSError:
        return
    yield from (each / _STDOUT for each in processes)
