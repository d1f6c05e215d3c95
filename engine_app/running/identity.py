"""Whether a process is the one that was started: a number alone is soon another's."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from engine_app.child_environment import MARK, owner

_TICKS: Final = 19  # of /proc/PID/stat, counted behind the name
_QUESTION: Final = "question"


@dataclass(frozen=True, slots=True)
class Identity:
    """As it was written down when the process was started."""

    pid: int
    started_ticks: int
    port: int
    mark: str


def started_ticks(pid: int) -> int | None:
    """Clock ticks from boot to its start; with the pid it names a process for good."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _created(pid)
    except OSError:  # it ended between opening and reading
        return None
    # The name may hold blanks and brackets: what follows its last bracket does not.
    fields = stat.rpartition(b")")[2].split()
    return int(fields[_TICKS])


def _created(pid: int) -> int | None:
    """Where there is no /proc."""
    try:
        return int(psutil.Process(pid).create_time() * 100)
    except psutil.Error:
        return None


def executable(pid: int) -> str:
    """Empty when it cannot be told."""
    try:
        return psutil.Process(pid).exe()
    except (psutil.Error, OSError):
        return ""


def stranger(known: Identity) -> str | None:
    """Why what runs under this number now is not the engine that was started; None when it is."""
    ticks = started_ticks(known.pid)
    if ticks is None or not _runs(known.pid):
        return "its process is gone"
    if ticks != known.started_ticks:
        return "its process number belongs to another process now"
    # Not the program's path: its file may have been moved or replaced while it runs.
    if mark(known.pid) != known.mark:
        return "its process number belongs to another program now"
    return None


def _runs(pid: int) -> bool:
    try:
        return is_alive(psutil.Process(pid))
    except psutil.Error:
        return False


def is_alive(process: psutil.Process) -> bool:
    """One that is dead and not waited for yet is not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def mark(pid: int) -> str:
    """The mark that engines carry in their environment; empty for all others."""
    try:
        return psutil.Process(pid).environ().get(MARK, "")
    except (psutil.Error, OSError):
        return ""


def question_mark(number: int) -> str:
    """Of programs that this process asks what they are."""
    pid = os.getpid()
    return f"{owner()}:{_QUESTION}.{pid}.{started_ticks(pid)}.{number}"


def questions_of_the_dead(ours: str) -> Iterator[int]:
    """Programs that were asked by a process that is gone: nobody waits for their answer."""
    for pid in psutil.pids():
        name, _, rest = mark(pid).partition(":")
        word, *numbers = rest.split(".")
        if name != ours or word != _QUESTION or len(numbers) != 3:
            continue
        asker, ticks = numbers[:2]
        if asker.isdecimal() and str(started_ticks(int(asker))) != ticks:
            yield pid


def carrying(wanted: str) -> Iterator[psutil.Process]:
    """All that carry this mark, wherever they have put themselves. Looks at every process."""
    for pid in psutil.pids():
        try:
            process = psutil.Process(pid)  # held first: what is signalled is what was looked at
            if pid != os.getpid() and mark(pid) == wanted and is_alive(process):
                yield process
        except psutil.Error:
            continue


def marked(ours: str) -> Iterator[tuple[int, int]]:
    """(pid, engine id) of all that carry the mark of this owner, and of what they started."""
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        name, _, engine = mark(process.pid).partition(":")
        if name == ours and engine.isdecimal():
            yield process.pid, int(engine)


def belongs(pid: int, kept: Collection[int]) -> bool:
    """To one of those: of its group, or started by it."""
    try:
        if os.getpgid(pid) in kept:
            return True
        return any(parent.pid in kept for parent in psutil.Process(pid).parents())
    except (ProcessLookupError, psutil.Error):
        return False


def owns_port(pid: int, port: int) -> bool:
    """Whether this process, or one of its group, is who listens there: anybody can answer."""
    return any(_listens(each, port) for each in (pid, *group_of(pid)))


def _listens(pid: int, port: int) -> bool:
    try:
        connections = psutil.Process(pid).net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return False
    return any(
        each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port
        for each in connections
    )


def group_of(leader: int) -> Iterator[int]:
    """What a program that is a script has started. Looks at every process of the machine."""
    for pid in psutil.pids():
        try:
            if pid != leader and os.getpgid(pid) == leader:
                yield pid
        except (ProcessLookupError, PermissionError):
            continue
